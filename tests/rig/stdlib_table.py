"""Makes data/stdlib.toml: what Python itself brings, per Python, asked of real Pyodide interpreters.

Receives npm packages of Pyodide as directories (unpacked, with `pyodide.mjs`) and `node` on PATH:
    python3 tests/rig/stdlib_table.py DIR [DIR ...] > data/stdlib.toml
Hands on the table as TOML, on stdout. Each name is looked for and imported inside the interpreter, never guessed.
Never writes a file, never edits the table by hand-made rules but the one below, and needs no network.

The one rule: Pyodide's own lock file names parts of the standard library that npm ships apart (`cpython_module`:
ssl, sqlite3, lzma, ...). The Workers runtime loads all of those itself, so they count as there.
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
console.log(JSON.stringify({ pyodide: version, ...JSON.parse(py.runPython(probe)) }));
process.exit(0);
"""

# Importing some modules does things (`antigravity` opens a browser), so those are only looked for.
PROBE = """
import importlib, importlib.util, json, keyword, pkgutil, sys
def look(name):
    if name in sys.modules or name in sys.builtin_module_names:
        return "there"
    try:
        if importlib.util.find_spec(name) is None:
            return "absent"
    except (ImportError, ValueError):
        return "absent"
    if name in ("antigravity", "this"):
        return "there"
    try:
        importlib.import_module(name)
    except BaseException:
        return "broken"
    return "there"
found = {name: look(name) for name in sorted(sys.stdlib_module_names)}
# What lies below: files beside the package's own, and what a module that ran put into `sys.modules` (`os.path`).
def below(name, path):
    for module in pkgutil.iter_modules(path):
        yield name + "." + module.name
        if module.ispkg:
            yield from below(name + "." + module.name, [entry + "/" + module.name for entry in path])
inside = {name for name in sys.modules if "." in name and name.split(".")[0] in found}
for name, state in found.items():
    spec = importlib.util.find_spec(name) if state == "there" and name != "__main__" else None
    if spec is not None and spec.submodule_search_locations:
        inside |= set(below(name, list(spec.submodule_search_locations)))
json.dumps({
    "python": sys.version.split()[0],
    "names": list(found),
    "absent": [name for name, state in found.items() if state == "absent"],
    "broken": [name for name, state in found.items() if state == "broken"],
    "inside": sorted(name for name in inside if not name.endswith(".__main__")),
    "keywords": keyword.kwlist,
})
"""


def probe(directory):
    command = ["node", "--input-type=module", "--experimental-wasm-stack-switching", "-e", BOOT, str(directory), PROBE]
    answer = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    lock = json.loads((directory / "pyodide-lock.json").read_text())
    apart = {
        name
        for package in lock["packages"].values()
        if package.get("package_type") == "cpython_module"
        for name in package["imports"]
    }
    answer["apart"] = sorted(name for state in ("absent", "broken") for name in answer[state] if name in apart)
    for state in ("absent", "broken"):
        answer[state] = [name for name in answer[state] if name not in apart]
    return answer


def array(key, names):
    body = textwrap.fill(" ".join(f'"{name}",' for name in names), 116, initial_indent="    ", subsequent_indent="    ")
    return f"{key} = [\n{body}\n]" if names else f"{key} = []"


def main():
    answers = sorted((probe(pathlib.Path(name).resolve()) for name in sys.argv[1:]), key=lambda a: a["python"].split("."))
    if not answers:
        sys.exit(__doc__)
    keywords = {tuple(answer["keywords"]) for answer in answers}
    if len(keywords) != 1:
        sys.exit("the keywords differ between the interpreters: the table needs them per Python")
    print("# What Python itself brings. Made by tests/rig/stdlib_table.py, do not edit.")
    print("# names: sys.stdlib_module_names (CPython's own list, the same on every machine).")
    print("# absent: of those, what Pyodide does not have, so that a project's module of that name is found.")
    print("# broken: of those, what is there and hides a project's module, and fails to import.")
    print("# apart: of those, what npm's Pyodide has not and the Workers runtime loads; what lies below is not known.")
    print("# inside: what can be imported below the others, dotted (sys.modules among it: `os.path`).")
    print(f"date = {datetime.date.today().isoformat()}")
    print(array("keywords", answers[0]["keywords"]))
    for answer in answers:
        print(f"\n[python.\"{'.'.join(answer['python'].split('.')[:2])}\"]")
        print(f"source = \"npm package pyodide {answer['pyodide']}, CPython {answer['python']}\"")
        for key in ("absent", "broken", "apart", "names", "inside"):
            print(array(key, answer[key]))


main()
