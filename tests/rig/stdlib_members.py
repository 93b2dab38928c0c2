"""Makes data/stdlib-members.toml: which names the modules of the standard library have, asked of real Pyodide interpreters.

Receives npm packages of Pyodide as directories (unpacked, with `pyodide.mjs`) and `node` on PATH:
    python3 tests/rig/stdlib_members.py DIR [DIR ...] > data/stdlib-members.toml
Hands on the table as TOML, on stdout: per top-level module its public names, those of every interpreter together, and its
submodules. Never writes a file, and needs no network.
"""

import datetime
import json
import pathlib
import subprocess
import sys
import textwrap

BOOT = """
import { pathToFileURL } from "node:url";
const [dir, probe] = process.argv.slice(1);
const { loadPyodide, version } = await import(pathToFileURL(dir + "/pyodide.mjs").href);
const py = await loadPyodide({ stdout: () => {}, stderr: () => {} });
const answer = JSON.stringify({ pyodide: version, ...JSON.parse(py.runPython(probe)) });
process.stdout.write(answer, () => process.exit(0));
"""

# Importing `antigravity` opens a browser. A module that is not there, or that npm ships apart, has no row.
PROBE = """
import importlib, json, pkgutil, sys
found = {}
for name in sorted(sys.stdlib_module_names):
    if name.startswith("_") or name in ("antigravity", "this"):
        continue
    try:
        module = importlib.import_module(name)
    except BaseException:
        continue
    below = [entry.name for entry in pkgutil.iter_modules(getattr(module, "__path__", []))]
    listed = [*dir(module), *getattr(module, "__all__", []), *below]
    found[name] = sorted({member for member in listed if not member.startswith("_")})
json.dumps({"python": sys.version.split()[0], "members": found})
"""


def probe(directory):
    command = ["node", "--input-type=module", "--experimental-wasm-stack-switching", "-e", BOOT, str(directory), PROBE]
    return json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def main():
    answers = [probe(pathlib.Path(name).resolve()) for name in sys.argv[1:]]
    if not answers:
        sys.exit(__doc__)
    asked = ", ".join(f"npm package pyodide {answer['pyodide']}, CPython {answer['python']}" for answer in answers)
    members = {}
    for answer in answers:
        for name, own in answer["members"].items():
            members.setdefault(name, set()).update(own)
    print("# Which names the modules of the standard library have. Made by tests/rig/stdlib_members.py, do not edit.")
    print("# One text per module: its public names and its submodules, those of every Python below together.")
    print(f"date = {datetime.date.today()}")
    print(f'source = "{asked}"')
    print("\n[members]")
    for name, own in sorted(members.items()):
        body = textwrap.fill(" ".join(sorted(own)), 118, break_long_words=False, break_on_hyphens=False)
        print(f'{name} = """\n{body}"""')


if __name__ == "__main__":
    main()
