#!/usr/bin/env python3
"""Proves on real packages that pruning breaks no import, and that it saves at least what deleting by name saves safely.

Receives pruning.toml (the packages), the release binary, the rig (tests/rig). For each package a Worker that requires
it is checked and staged by saddlebag; then every module of the unpruned tree is imported, and a short exercise is run,
by the target's own Python (Pyodide) from three trees: full (saddlebag's cache), pruned (the stage), and named (the full
one without `__pycache__`, most of dist-info, and every directory called `test` or `tests`). Hands on a table, with
--json the details, and exit code 1 if pruning broke something, or saved less than deleting by name did where it was
safe, or if too few packages could be measured. Never touches saddlebag's cache of the user, nor any tree that it did
not make itself. What was measured is remembered by content, so that a second run boots only for trees that changed.
"""

import argparse
import configparser
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import time
import tomllib
import zipfile
from dataclasses import asdict, dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PROBE = Path(__file__).resolve().with_name("pruning_probe.py")
# What pywrangler and saddlebag leave in python_modules and wrangler does not upload.
NOT_UPLOADED = {".synced", "pyvenv.cfg"}
# A compatibility date that gives each Python.
DATES = {"3.14": "2026-10-01", "3.13": "2025-10-15"}
# Seconds without a new result after which Python is taken to hang.
PATIENCE = 120
# More suspects than this are not asked one by one.
ALONE_AT_MOST = 25


# --- the data -------------------------------------------------------------------------------------------------------


@dataclass
class Row:
    """A package of pruning.toml."""

    requires: list[str]
    # Must import in the full tree, or the row proves nothing.
    imports: list[str]
    exercise: str | None = None
    python: str = "3.14"

    @property
    def name(self) -> str:
        return self.requires[0]


@dataclass
class Break:
    """Something that works in the full tree and not in another."""

    what: str
    error: str
    where: str = ""


@dataclass
class Result:
    name: str
    problem: str | None = None
    modules: int = 0
    imported: int = 0
    dropped_modules: int = 0
    broken: list[Break] = field(default_factory=list)
    exercise_full: str = "-"
    exercise_pruned: str = "-"
    bytes_full: int = 0
    bytes_pruned: int = 0
    saved_by_name: int = 0
    unsafe_by_name: list[str] = field(default_factory=list)
    # Test directories that pruning keeps and that could have gone, and the ones it drops, with their bytes.
    kept_for_nothing: dict[str, int] = field(default_factory=dict)
    dropped_directories: dict[str, int] = field(default_factory=dict)
    seconds: float = 0.0

    @property
    def saved(self) -> int:
        return self.bytes_full - self.bytes_pruned


class Failed(Exception):
    """This package cannot be measured."""


# --- trees ----------------------------------------------------------------------------------------------------------


def files(tree: Path) -> dict[str, int]:
    """The files of a tree that wrangler would upload, with their sizes."""
    found = {str(path.relative_to(tree)): path.stat().st_size for path in tree.rglob("*") if path.is_file()}
    return {name: size for name, size in found.items() if name not in NOT_UPLOADED}


def fingerprint(tree: Path) -> str:
    digest = hashlib.sha256()
    for name in sorted(files(tree)):
        digest.update(name.encode() + b"\0" + hashlib.sha256((tree / name).read_bytes()).digest())
    return digest.hexdigest()


def module_name(file: str) -> str | None:
    """The dotted name by which Python would import this file; scripts in `bin` are not for importing."""
    parts = file.split("/")
    stem, _, ending = parts[-1].partition(".")
    if ending != "py" and not ending.endswith("so") or parts[0] == "bin":
        return None
    parts = parts[:-1] + ([] if stem == "__init__" else [stem])
    return ".".join(parts) if parts and all(part.isidentifier() for part in parts) else None


def modules(tree: Path) -> list[str]:
    return sorted({name for name in map(module_name, files(tree)) if name})


def test_directory(file: str) -> str | None:
    """The outermost directory called `test` or `tests` of a path."""
    parts = file.split("/")[:-1]
    at = next((index for index, part in enumerate(parts) if part in ("test", "tests")), None)
    return None if at is None else "/".join(parts[: at + 1])


def test_directories(tree: Path, but: Path) -> dict[str, int]:
    """The test directories of a tree with files that another one lacks, and the bytes of those files."""
    found: dict[str, int] = {}
    lacking = files(but)
    for file, size in files(tree).items():
        if (directory := test_directory(file)) and file not in lacking:
            found[directory] = found.get(directory, 0) + size
    return found


def plugins(tree: Path) -> set[str]:
    """The modules that entry points name: whoever asks for the group imports them. Nobody starts scripts on Workers."""
    found = set()
    for file in tree.glob("*.dist-info/entry_points.txt"):
        groups = configparser.ConfigParser(delimiters=("=",), interpolation=None, strict=False)
        groups.read_string(file.read_text())
        for group in set(groups.sections()) - {"console_scripts", "gui_scripts"}:
            found |= {re.split(r"[:\s\[]", value.strip())[0] for value in groups[group].values()}
    return found


def prune_by_name(full: Path, named: Path, kept: set[str]) -> None:
    """A copy of the full tree without what goes by its name alone, but with the test directories in `kept`."""
    shutil.rmtree(named, ignore_errors=True)
    for file in files(full):
        metadata, _, inside = file.partition(".dist-info/")
        goes = "__pycache__" in file.split("/") or (test_directory(file) or "") not in kept | {""}
        if goes or inside and "/" not in metadata and inside not in ("METADATA", "entry_points.txt"):
            continue
        target = named / file
        target.parent.mkdir(parents=True, exist_ok=True)
        if inside == "METADATA" and "/" not in metadata:
            target.write_bytes(re.split(rb"\r?\n\r?\n", (full / file).read_bytes(), maxsplit=1)[0] + b"\n")
        else:
            shutil.copyfile(full / file, target)


# --- Python ---------------------------------------------------------------------------------------------------------


class Python:
    """The target's Python, and the memory of what it said."""

    def __init__(self, version: str, rig: dict[str, str], work: Path):
        found = sorted(Path(rig["RIG_HOME"], "python").glob(f"pyodide-{version}.*/python"))
        if not found:
            raise SystemExit(f"pruning: error: the rig has no Pyodide of Python {version}\nhint: run tests/rig/setup.sh")
        self.executable, self.work, self.memory = found[-1], work, work.parent / "remembered"
        self.environment = {**rig, "HOME": str(work / "home"), "PYTHONHASHSEED": "0", "PYTHONDONTWRITEBYTECODE": "1"}
        for directory in (self.memory, work / "home"):
            directory.mkdir(parents=True, exist_ok=True)

    def ask(self, tree: Path, names: list[str], exercise: str | None = None) -> dict[str, dict]:
        """What the import of each name gave, all in one process unless it dies; and the exercise, as "exercise"."""
        question = [fingerprint(tree), names, exercise, PROBE.read_text(), str(self.executable)]
        known = self.memory / f"{hashlib.sha256(json.dumps(question).encode()).hexdigest()}.json"
        if known.exists():
            return json.loads(known.read_text())
        answers: dict[str, dict] = {}
        while waiting := [name for name in names if name not in answers]:
            answers |= self._boot(tree, waiting, None)
        if exercise:
            answers |= self._boot(tree, [], exercise)
        known.write_text(json.dumps(answers))
        return answers

    def _boot(self, tree: Path, names: list[str], exercise: str | None) -> dict[str, dict]:
        results, job = self.work / "results.jsonl", self.work / "job.json"
        results.write_text("")
        job.write_text(
            json.dumps({"tree": str(tree), "modules": names, "exercise": exercise, "results": str(results)})
        )
        with (self.work / "python.log").open("w") as log:
            process = subprocess.Popen(
                [self.executable, PROBE, job],
                cwd=self.work / "home",
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
            size, since = 0, time.monotonic()
            while process.poll() is None:
                time.sleep(0.05)
                if results.stat().st_size != size:
                    size, since = results.stat().st_size, time.monotonic()
                elif time.monotonic() - since > PATIENCE:
                    process.kill()
                    process.wait()
        lines = [json.loads(line) for line in results.read_text().splitlines()]
        answers = {line["end"]: line for line in lines if "end" in line}
        begun = [line["start"] for line in lines if "start" in line]
        if not begun:
            raise Failed(f"Python did not start: {(self.work / 'python.log').read_text()[-500:]}")
        if begun[-1] not in answers:
            answers[begun[-1]] = {"error": "Python died or hung", "top": {}, "where": ""}
        return answers


def differs(whole: dict, other: dict) -> str | None:
    """What is worse in `other`, for something that works in the full tree."""
    if whole["error"] is not None:
        return None
    if other["error"] is not None:
        return other["error"]
    names = [name for name in whole["top"] if other["top"].get(name) != whole["top"][name]]
    return f"other top-level result: {', '.join(names[:8])}" if names else None


def breaks(python: Python, full: Path, other: Path, answers: dict[str, dict], exercise: str | None) -> list[Break]:
    """What works in the full tree and does not in the other, though it was not dropped itself, or is a plugin."""
    present = set(modules(other)) | plugins(full)
    names = [name for name, answer in answers.items() if answer["error"] is None and name in present]
    exercise = exercise if exercise and answers["exercise"]["error"] is None else None
    others = python.ask(other, names, exercise)
    suspects = [name for name in names if differs(answers[name], others[name])]
    found = []
    for name in suspects:
        whole, cut = answers[name], others[name]
        # In one process a module sees what those before it have done; only alone is its result its own.
        if len(suspects) <= ALONE_AT_MOST:
            whole, cut = python.ask(full, [name])[name], python.ask(other, [name])[name]
        if error := differs(whole, cut):
            found.append(Break(name, error, cut.get("where", "").replace(f"{other}/", "")))
    if exercise and (error := others["exercise"]["error"]):
        found.append(Break("exercise", error, others["exercise"]["where"].replace(f"{other}/", "")))
    return found


# --- saddlebag ------------------------------------------------------------------------------------------------------


def rig_environment() -> dict[str, str]:
    """The environment that tests/rig/env.sh makes."""
    printed = subprocess.run(
        ["bash", "-c", '. "$0" && env -0', ROOT / "tests/rig/env.sh"], check=True, capture_output=True
    ).stdout
    return dict(entry.split("=", 1) for entry in printed.decode().split("\0") if "=" in entry)


def make_stand_ins(requirements: list[str], place: Path, rig: dict[str, str]) -> None:
    """Fills a directory with pure wheels, each the Python half of a CPython wheel whose extension is an optional speed-up.

    The Pyodide index has these packages for WebAssembly; where it is out of reach nothing that needs them installs.
    """
    for requirement in requirements:
        name, version = requirement.split("==")
        wheel, unpacked = place / f"{name}-{version}-py3-none-any.whl", place / name
        if wheel.exists():
            continue
        shutil.rmtree(unpacked, ignore_errors=True)
        subprocess.run(
            ["uv", "pip", "install", "--quiet", "--no-deps", "--only-binary", ":all:", "--target", unpacked]
            + ["--python-platform", "x86_64-unknown-linux-gnu", "--python-version", "3.14", requirement],
            check=True,
            env=rig,
        )
        metadata = f"{name}-{version}.dist-info"
        (unpacked / metadata / "WHEEL").write_text(
            "Wheel-Version: 1.0\nGenerator: pruning.py\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        )
        outside = {f"{metadata}/{made}" for made in ("INSTALLER", "REQUESTED", "RECORD")} | {".lock"}
        inside = [file for file in sorted(files(unpacked)) if not file.endswith(".so") and file not in outside]
        with zipfile.ZipFile(wheel, "w") as archive:
            for file in inside:
                archive.write(unpacked / file, file)
            archive.writestr(f"{metadata}/RECORD", "".join(f"{file},,\n" for file in [*inside, f"{metadata}/RECORD"]))


def make_project(row: Row, place: Path, rig: dict[str, str], settings: list[str]) -> Path:
    project = place / "project"
    shutil.rmtree(project, ignore_errors=True)
    (project / "src").mkdir(parents=True)
    (project / "wrangler.toml").write_text(
        f'name = "pruning"\nmain = "src/main.py"\ncompatibility_date = "{DATES[row.python]}"\n'
        'compatibility_flags = ["python_workers"]\n'
    )
    (project / "pyproject.toml").write_text(
        f'[project]\nname = "pruning"\nversion = "0"\ndependencies = {json.dumps(row.requires)}\n\n'
        f'[tool.uv]\nfind-links = ["{place.parent}/stand-ins"]\n\n[tool.saddlebag]\n'
        + "".join(f"{setting}\n" for setting in settings)
    )
    imports = "".join(f"import {name}\n" for name in row.imports)
    # What a Worker does stands in its source, where saddlebag reads it.
    (project / "src/exercise.py").write_text(row.exercise or "")
    (project / "src/main.py").write_text(
        f"from workers import Response, WorkerEntrypoint\n\n{imports}\n\nclass Default(WorkerEntrypoint):\n"
        '    async def fetch(self, request):\n        import exercise\n\n        return Response("packed")\n'
    )
    (project / "node_modules").symlink_to(Path(rig["RIG_HOME"], "npm/node_modules"))
    return project


def saddlebag(arguments: list[str], project: Path, environment: dict[str, str]) -> dict:
    """The report; a run that failed or was blocked cannot be measured."""
    run = subprocess.run(
        [ROOT / "target/release/saddlebag", *arguments, "--format", "json"],
        cwd=project,
        env=environment,
        capture_output=True,
        text=True,
    )
    report = json.loads(run.stdout) if run.stdout.strip() else {}
    if run.returncode == 0:
        return report
    if report.get("gates"):
        blocked = [gate for gate in report["gates"] if gate["outcome"] in ("blocked", "broke")]
        told = [f"{gate['id']}: {(gate['findings'] or [{'message': ''}])[0]['message']}" for gate in blocked]
        raise Failed(f"saddlebag {arguments[0]} was blocked by {'; '.join(told)}")
    last = re.findall(r"(?:all versions of|Because) (\S+) ha(?:ve|s) no usable wheels", run.stderr)
    reason = f"no usable wheels of {sorted(set(last))[0]}" if last else run.stderr.strip().splitlines()[0]
    raise Failed(f"saddlebag {arguments[0]} ended with {run.returncode}: {reason}")


def stage(row: Row, place: Path, rig: dict[str, str], settings: list[str]) -> tuple[Path, Path]:
    """The full and the pruned tree."""
    # A cache for each set of requirements, so that the tree in it is known without knowing how saddlebag names it.
    asked = hashlib.sha256(json.dumps([row.requires, row.python]).encode()).hexdigest()[:12]
    cache = place / f"cache-{asked}"
    environment = {**rig, "SADDLEBAG_CACHE_DIR": str(cache), "CI": "true"}
    project, out = make_project(row, place, rig, settings), place / "stage"
    shutil.rmtree(out, ignore_errors=True)
    saddlebag(["check"], project, environment)
    report = saddlebag(["stage", "--out", str(out)], project, environment)
    marks = sorted(cache.glob("vendor/*/saddlebag.json"), key=lambda mark: mark.stat().st_mtime)
    full, pruned = marks[-1].parent / "python_modules", out / "python_modules"
    left_out = {file["name"].removeprefix("python_modules/") for file in report["dropped"]}
    before, after = set(files(full)), set(files(pruned))
    if stray := sorted(after - before) + sorted(before - after - left_out):
        raise Failed(f"the stage and the report disagree with the vendored tree about {', '.join(stray[:5])}")
    copy = place / "full"
    shutil.rmtree(copy, ignore_errors=True)
    # Some packages write beside their code when imported: never into saddlebag's cache.
    shutil.copytree(full, copy)
    return copy, pruned


# --- measuring ------------------------------------------------------------------------------------------------------


def measure(row: Row, place: Path, rig: dict[str, str], settings: list[str]) -> Result:
    result, started = Result(row.name), time.monotonic()
    try:
        full, pruned = stage(row, place, rig, settings)
        python = Python(row.python, rig, place)
        answers = python.ask(full, modules(full), row.exercise)
        for name in [*row.imports, *(["exercise"] if row.exercise else [])]:
            if (error := answers[name]["error"] if name in answers else "no such module") is not None:
                raise Failed(f"{name} does not work in the full tree: {error}")
        present = set(modules(pruned))
        imported = [name for name in modules(full) if answers[name]["error"] is None]
        result.modules, result.imported = len(modules(full)), len(imported)
        result.dropped_modules = sum(name not in present for name in imported)
        result.broken = breaks(python, full, pruned, answers, row.exercise)
        if row.exercise:
            result.exercise_full = "ok"
            result.exercise_pruned = "broken" if any(b.what == "exercise" for b in result.broken) else "ok"
        result.bytes_full, result.bytes_pruned = sum(files(full).values()), sum(files(pruned).values())
        named, result.unsafe_by_name = safe_by_name(python, row, full, pruned, answers, place, bool(result.broken))
        result.saved_by_name = result.bytes_full - sum(files(named).values())
        result.kept_for_nothing = test_directories(pruned, but=named)
        result.dropped_directories = test_directories(full, but=pruned)
    except Failed as failed:
        result.problem = str(failed)
    result.seconds = round(time.monotonic() - started, 1)
    return result


def safe_by_name(
    python: Python, row: Row, full: Path, pruned: Path, answers: dict[str, dict], place: Path, pruning_broke: bool
) -> tuple[Path, list[str]]:
    """The tree that deleting by name gives without harm, and the test directories that had to come back for it."""
    named, kept = place / "named", set()
    while True:
        prune_by_name(full, named, kept)
        # A tree that holds all that another one holds, which works, works too.
        if not pruning_broke and set(files(pruned)) <= set(files(named)):
            return named, sorted(kept)
        found = breaks(python, full, named, answers, row.exercise)
        if not found:
            return named, sorted(kept)
        gone = {directory for directory in map(test_directory, files(full)) if directory} - kept
        back = {directory for broken in found for directory in gone if needed(directory, broken)}
        if not back:
            tops = {broken.what.split(".")[0] for broken in found}
            back = {directory for directory in gone if directory.split("/")[0] in tops} or gone
        if not back:
            raise Failed(f"deleting by name breaks {found[0].what} without deleting a directory: {found[0].error}")
        kept |= back


def needed(directory: str, broken: Break) -> bool:
    """Whether an error tells of this directory: by a module's dotted name, a name and its package, or a path."""
    parent, _, last = directory.replace("/", ".").rpartition(".")
    dotted = re.escape(directory.replace("/", "."))
    told = rf"(?<![\w.]){dotted}(?![\w])|cannot import name '{last}' from '{re.escape(parent)}'|/{re.escape(directory)}/"
    return re.search(told, broken.error) is not None


# --- telling --------------------------------------------------------------------------------------------------------

COLUMNS = "{:<32} {:>7} {:>8} {:>7} {:>6} {:>13} {:>11} {:>11} {:>10} {:>10}"


def kib(size: int) -> str:
    return f"{size / 1024:.0f}"


def tell(result: Result) -> None:
    if result.problem:
        print(f"{result.name:<32} not measured: {result.problem}", flush=True)
        return
    exercise = f"{result.exercise_full}/{result.exercise_pruned}"
    numbers = [result.modules, result.imported, result.dropped_modules, len(result.broken), exercise]
    sizes = [result.bytes_full, result.bytes_pruned, result.saved, result.saved_by_name]
    print(COLUMNS.format(result.name, *numbers, *map(kib, sizes)), flush=True)
    for broken in result.broken[:10]:
        print(f"    broken: {broken.what}: {broken.error}" + (f" ({broken.where})" if broken.where else ""))
    if len(result.broken) > 10:
        print(f"    ... and {len(result.broken) - 10} more")
    if result.unsafe_by_name:
        print(f"    needed, though called test: {', '.join(result.unsafe_by_name)}")
    if result.kept_for_nothing:
        kept = (f"{directory} ({kib(size)} KiB)" for directory, size in result.kept_for_nothing.items())
        print(f"    kept for nothing: {', '.join(kept)}")


def summary(results: list[Result], at_least: int) -> list[str]:
    """Prints the totals; hands on why the pruning does not pass."""
    measured = [result for result in results if not result.problem]
    broken = sum(len(result.broken) for result in measured)
    exercises = [result for result in measured if result.exercise_full == "ok"]
    saved, by_name = sum(r.saved for r in measured), sum(r.saved_by_name for r in measured)
    print(
        f"\n{len(measured)} of {len(results)} packages measured, {sum(r.imported for r in measured)} modules import in "
        f"the full trees, {sum(r.dropped_modules for r in measured)} of them dropped, {broken} broken\n"
        f"{len(exercises)} exercises, {sum(r.exercise_pruned == 'broken' for r in exercises)} broken\n"
        f"{kib(sum(r.bytes_full for r in measured))} KiB full, {kib(sum(r.bytes_pruned for r in measured))} KiB pruned, "
        f"{kib(saved)} KiB saved; {kib(by_name)} KiB would be saved safely by name"
    )
    reasons = [f"{broken} broken by pruning"] if broken else []
    reasons += [f"{kib(by_name - saved)} KiB less saved than by name"] if saved < by_name else []
    reasons += [f"fewer than {at_least} packages measured"] if len(measured) < at_least else []
    return reasons


def main() -> int:
    arguments = argparse.ArgumentParser(description="Measures what pruning breaks and saves on real packages.")
    arguments.add_argument("--only", metavar="NAME", action="append", help="measure this package (may be repeated)")
    arguments.add_argument("--json", metavar="FILE", type=Path, help="write the results there too")
    arguments.add_argument(
        "--setting", metavar="TOML", action="append", default=[], help="a line for [tool.saddlebag] of each Worker"
    )
    default = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache", "saddlebag-pruning")
    arguments.add_argument("--work", metavar="DIR", type=Path, default=default, help="where trees and results are kept")
    options = arguments.parse_args()

    data = tomllib.loads(PROBE.with_name("pruning.toml").read_text())
    rows = [Row(**entry) for entry in data["package"]]
    if options.only:
        bare = lambda row: re.split(r"[\[<>=!~; ]", row.name)[0]
        rows = [row for row in rows if row.name in options.only or bare(row) in options.only]
        if not rows:
            raise SystemExit("pruning: error: no such package in pruning.toml")
    rig, results = rig_environment(), []
    heads = ["package", "modules", "imported", "dropped", "broken", "exercise", "full KiB", "pruned KiB", "saved", "by name"]
    print(COLUMNS.format(*heads))
    stand_ins = options.work.resolve() / "stand-ins"
    stand_ins.mkdir(parents=True, exist_ok=True)
    make_stand_ins(data["stand_ins"], stand_ins, rig)
    for row in rows:
        place = options.work.resolve() / re.sub(r"[^\w.=<]", "_", row.name)
        place.mkdir(parents=True, exist_ok=True)
        results.append(measure(row, place, rig, options.setting))
        tell(results[-1])
    reasons = summary(results, 0 if options.only else data["at_least"])
    if options.json:
        document = [{**asdict(result), "saved": result.saved} for result in results]
        options.json.write_text(json.dumps(document, indent=1) + "\n")
    for reason in reasons:
        print(f"pruning: error: {reason}", file=sys.stderr)
    return 1 if reasons else 0


if __name__ == "__main__":
    sys.exit(main())
