#!/usr/bin/env bash
# Writes the HTML report of a Worker with 12,000 files and times it in Chromium.
# Receives: the release binary, the rig, FILES (default 12000), RUNS (default 5). Hands on: figures on stdout.
# Never asserts: a machine that is busy is not a defect.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
# shellcheck source=tests/rig/env.sh
. "$root/tests/rig/env.sh"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cp -r "$root/examples/fastapi-src" "$work/project"
rig_link "$work/project"

# The packages: made here, and handed out by a pywrangler that only copies them.
python3 - "$work" "${FILES:-12000}" <<'PY'
import pathlib, sys
work, files = pathlib.Path(sys.argv[1]), int(sys.argv[2])
tree = work / "vendored"
state = 1
def number(below):
    global state
    state = (state * 6364136223846793005 + 1442695040888963407) % 2**64
    return (state >> 33) % below
packages = 120
for at in range(packages):
    name = f"package{at:03}" if at else "fastapi"
    record = []
    for index in range(files // packages):
        directory = f"{name}/part{index % 9}" if index % 4 else name
        path = f"{directory}/module{index:03}.py" if index else f"{name}/__init__.py"
        after = f"import package{at + 1:03}\n" if index == 0 and at + 1 < packages else ""
        record.append((path, after + "VALUE = 1\n" * (1 + number(40) ** 2)))
    info = f"{name}-1.{at}.dist-info"
    requires = f"Requires-Dist: package{at + 1:03}\n" if at + 1 < packages else ""
    record.append((f"{info}/METADATA", f"Metadata-Version: 2.4\nName: {name}\nVersion: 1.{at}\n{requires}\n"))
    for path, text in record:
        (tree / path).parent.mkdir(parents=True, exist_ok=True)
        (tree / path).write_text(text)
    (tree / info / "RECORD").write_text("".join(f"{path},,{len(text)}\n" for path, text in record) + f"{info}/RECORD,,\n")
(tree / "workers").mkdir()
(tree / "workers/__init__.py").write_text("class WorkerEntrypoint: pass\n")
PY
cat >"$work/pywrangler" <<S
#!/bin/sh
case "\$1" in
--version) echo "pywrangler, version 1.17.9" ;;
sync)
  mkdir -p .venv-workers && cp -R "$work/vendored" python_modules
  printf 1.17.9 >python_modules/.synced
  printf 1.17.9 >.venv-workers/.synced
  printf 'lock-version = "1.0"\ncreated-by = "bench"\n' >pylock.toml ;;
esac
S
chmod +x "$work/pywrangler"
cd "$work/project"
export SADDLEBAG_CACHE_DIR=$work/cache SADDLEBAG_PYWRANGLER=$work/pywrangler
saddlebag=${SADDLEBAG:-$root/target/release/saddlebag}
"$saddlebag" report --html "$work/report.html" --gate imports=off >/dev/null 2>"$work/said" || [ -f "$work/report.html" ] ||
  { cat "$work/said" >&2; exit 1; }
echo "page: $(wc -c <"$work/report.html") bytes"
node "$root/benches/html.mjs" "$work/report.html" "${RUNS:-5}"
