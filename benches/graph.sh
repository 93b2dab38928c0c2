#!/usr/bin/env bash
# Times the import graph over 12,000 Python files of 90 MB, cold and warm, and says how much memory `check` takes.
# Receives: the release binary; the files are copies of the standard library of `python3` under other names. Hands on, on
# stdout: seconds of each part of the plan, cold (nothing remembered) and warm, three runs each, and the peak of memory.
# `read` is reading and parsing every file; the graph is the sum of `read` and `graph`. Never asserts.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
# shellcheck source=tests/rig/env.sh
. "$root/tests/rig/env.sh"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
saddlebag=$root/target/release/saddlebag

python3 - "$work/packages" <<'END'
import pathlib, shutil, sys, sysconfig

out, library = pathlib.Path(sys.argv[1]), pathlib.Path(sysconfig.get_path("stdlib"))
files = [path for path in sorted(library.rglob("*.py")) if not {"site-packages", "dist-packages", "lib2to3"} & set(path.parts)]
files = [path for path in files if path.stat().st_size < 25_000]  # as large on average as those of packages are
count = size = copy = 0
while count < 12_000 or size < 90_000_000:
    for path in files:
        target = out / f"copy{copy}" / path.relative_to(library)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, target)
        count, size = count + 1, size + path.stat().st_size
    (out / f"copy{copy}" / "__init__.py").touch()
    copy += 1
(out / "workers").mkdir()
(out / "workers" / "__init__.py").write_text("class WorkerEntrypoint: pass\n")
print(f"{count} files, {size / 1e6:.0f} MB, {copy} packages")
END

mkdir -p "$work/bin" "$work/project/src"
# Stands for pywrangler: what it would vendor is there already.
cat >"$work/bin/pywrangler" <<END
#!/bin/sh
[ "\$1" = --version ] && echo "pywrangler, version 1.17.9" && exit 0
mkdir -p .venv-workers && cp -r "$work/packages" python_modules && printf 1.17.9 >python_modules/.synced
END
chmod +x "$work/bin/pywrangler"
cat >"$work/project/wrangler.toml" <<'END'
name = "w"
main = "src/main.py"
compatibility_date = "2026-10-01"
compatibility_flags = ["python_workers"]
END
printf '[project]\nname = "w"\nversion = "0"\n' >"$work/project/pyproject.toml"
echo 'copied' >"$work/project/requirements-runtime.txt"
printf 'import copy0.asyncio, copy1.email.mime.text\nfrom workers import WorkerEntrypoint\n\n\nclass Default(WorkerEntrypoint):\n    pass\n' >"$work/project/src/main.py"
rig_link "$work/project"
cd "$work/project"
export SADDLEBAG_CACHE_DIR=$work/cache SADDLEBAG_PYWRANGLER=$work/bin/pywrangler

run() { # NAME
  /usr/bin/env python3 - "$1" "$saddlebag" <<'END'
import resource, subprocess, sys

name, saddlebag = sys.argv[1:]
ran = subprocess.run([saddlebag, "check", "--timings", "--quiet", "--gate", "size=off"], capture_output=True, text=True)
parts = {line.split()[2]: line.split()[0] for line in ran.stderr.splitlines() if line.startswith(" ") and " s  " in line}
peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
wanted = ["collect", "read", "graph", "prune", "weigh", "gates"]
print(name, *(f"{part} {parts.get(part, '?')} s" for part in wanted), f"peak {peak:.0f} MiB", sep="  ", flush=True)
END
}

run first >/dev/null
for _ in 1 2 3; do
  find "$work/cache" -name imports -delete
  run cold
done
for _ in 1 2 3; do run warm; done
