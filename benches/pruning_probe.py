"""The half of pruning.py that runs inside the target's Python, which is Pyodide.

Receives the path of a job, JSON: `tree` (a directory to import from), `modules` (dotted names, in order), `exercise`
(Python source, or null), `results` (a file to append to). Hands on JSON lines in `results`: {"start": NAME}, then
{"end": NAME, "error": null or text, "top": {...}}. The start comes first, so that the host knows which module was the
last when Python dies or hangs. Must never write into the tree and never say what a difference means.
"""

import importlib
import json
import os
import site
import sys
import traceback
import types

TOLD_BY_VALUE = ("__all__", "__version__")


def main() -> None:
    with open(sys.argv[1], encoding="utf-8") as file:
        job = json.load(file)
    sys.argv[1:] = []
    sys.dont_write_bytecode = True
    mount(job["tree"])
    with open(job["results"], "a", encoding="utf-8") as results:

        def tell(line: dict) -> None:
            results.write(json.dumps(line) + "\n")
            results.flush()

        for name in job["modules"]:
            tell({"start": name})
            tell({"end": name, **outcome(lambda name=name: top_level(importlib.import_module(name)))})
        if job["exercise"]:
            tell({"start": "exercise"})
            tell({"end": "exercise", **outcome(lambda: run(job["exercise"]))})


def mount(tree: str) -> None:
    """Puts the tree where the Workers runtime puts python_modules: behind the standard library, `.pth` files read."""
    at = next((index for index, entry in enumerate(sys.path) if "site-packages" in entry), len(sys.path))
    sys.path.insert(at, tree)
    site.addsitedir(tree, set(sys.path))


def outcome(work) -> dict:
    """Whatever a module raises is its result, also SystemExit."""
    try:
        return {"error": None, "top": work()}
    except BaseException as error:
        raised = f"{type(error).__name__}: {error}".splitlines() or [""]
        return {"error": " ".join(raised)[:600], "top": {}, "where": origin(error)}


def origin(error: BaseException) -> str:
    """Where it was raised: the last line of the traceback that is not Python's own import system."""
    frames = [f for f in traceback.extract_tb(error.__traceback__) if "importlib" not in f.filename]
    return f"{frames[-1].filename}:{frames[-1].lineno}" if frames else ""


def top_level(module: types.ModuleType) -> dict:
    """What a module defines, by kind and not by value: values may hold times, addresses and paths.

    Submodules are left out, as they become attributes of their package by whoever imports them first.
    """
    found = {}
    for name, value in list(vars(module).items()):
        if name in TOLD_BY_VALUE:
            found[name] = repr(sorted(map(str, value)) if isinstance(value, (list, tuple, set)) else value)[:20000]
        elif name.startswith("__") and name.endswith("__"):
            continue
        elif isinstance(value, types.ModuleType):
            if value.__name__ != f"{module.__name__}.{name}":
                found[name] = f"module {value.__name__}"
        else:
            found[name] = kind(value)
    return found


def kind(value: object) -> str:
    """The name of a type; a proxy's type may have a property where others have the name of their module."""
    made_by, name = type(value).__module__, type(value).__qualname__
    return f"{made_by}.{name}" if isinstance(made_by, str) else name


def run(source: str) -> dict:
    """Runs the exercise as a module: classes look their own module up."""
    module = sys.modules["exercise"] = types.ModuleType("exercise")
    exec(compile(source, "<exercise>", "exec"), vars(module))
    return {}


if __name__ == "__main__":
    main()
    sys.stdout.flush()
    # Threads and exit handlers of what was imported are nobody's business here.
    os._exit(0)
