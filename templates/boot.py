"""What happens inside Python when a bundle is booted: paths, import, timings, traceback.

Receives the tree under which the runtime shows a Worker its modules; hands on one JSON report. `_cloudflare` is given
here with the names that the vendored SDK uses of it, so that the SDK's own patches of packages work as on Workers.
Never writes a file, and never calls anything of the bundle but what its import calls. Run by boot.mjs.
"""

import contextlib
import functools
import importlib
import importlib.abc
import importlib.machinery
import importlib.util
import json
import linecache
import os
import re
import site
import sys
import time
import traceback
import types
from importlib import _bootstrap_external

EIO = 29
GLOBAL_SCOPE = "Disallowed operation called within global scope: "
ENTROPY = f"{GLOBAL_SCOPE}entropy"
SOURCE = 80  # characters of a line that a report quotes


class Blocked(types.ModuleType):
    """A module whose functions may not be called before the first request: its state would be every instance's."""

    def __init__(self, module, allowed, boot):
        super().__init__(module.__name__)
        object.__getattribute__(self, "__dict__").update(_module=module, _allowed=allowed, _boot=boot)

    def __getattribute__(self, name):
        own = object.__getattribute__(self, "__dict__")
        value = getattr(own["_module"], name)
        if own["_boot"].in_request or not callable(value) or name in own["_allowed"]:
            return value

        @functools.wraps(value)
        def refuse(*args, **kwargs):
            if own["_boot"].in_request:
                return value(*args, **kwargs)
            raise RuntimeError(f"{ENTROPY} ({own['_module'].__name__}.{name}())")

        return refuse

    def __setattr__(self, name, value):
        setattr(object.__getattribute__(self, "__dict__")["_module"], name, value)

    def __dir__(self):
        return dir(object.__getattribute__(self, "__dict__")["_module"])


class Boot:
    """`request` has what boot.mjs was asked; `stand_ins` the names of stand_ins.py; `scope` what JavaScript shares."""

    def __init__(self, files, request, stand_ins, scope):
        self.files, self.scope, self.notes = files, scope, stand_ins["NOTES"]
        self.main, self.pth, self.table = request["main"], request["pth"], request["entropy"]
        # Before python_workers_force_new_vendor_path (2025-08-11).
        self.legacy_vendor = request["legacy_vendor"]
        self.stand_in = stand_ins["Finder"](request["stand_ins"])
        self.notes.on_first = lambda: scope.guessed(self.notes.decided or self.notes.unknown)
        self.in_request = False
        self.contexts = {"exec": {}, "create": {}}
        self.blocked, self.times, self.stack = {}, {}, []
        self.seconds, self.module = 0.0, None
        self.failures = []
        self.give_cloudflare()
        self.patch_standard_library()
        self.allow_by_table()

    # ---- entropy, as the runtime rations it

    def may_have_entropy(self):
        return self.in_request or self.scope.entropy > 0 or self.is_allowed_by_the_worker()

    @staticmethod
    def is_allowed_by_the_worker():
        return os.environ.get("PYTHON_WORKERS_ALLOW_TOP_LEVEL_ENTROPY") == "1"

    @contextlib.contextmanager
    def allow_entropy(self, _calls=0):
        self.scope.entropy += 1
        try:
            yield
        finally:
            self.scope.entropy -= 1

    def raise_unless_allowed(self):
        if not self.may_have_entropy():
            raise OSError(EIO, ENTROPY)

    def block(self, module, *, allowlist=()):
        self.blocked[module.__name__] = module
        sys.modules[module.__name__] = Blocked(module, allowlist, self)

    def give_cloudflare(self):
        def register(kind):
            def of(name, context=None):
                if context is None:
                    return lambda context: of(name, context)
                self.contexts.get(kind, {})[name] = context
                return context

            return of

        def give(name, **members):
            module = types.ModuleType(name)
            module.__spec__ = importlib.machinery.ModuleSpec(name, None, is_package="." not in name)
            module.__path__ = []
            vars(module).update(members)
            sys.modules[name] = module

        give("_cloudflare")
        give(
            "_cloudflare.allow_entropy",
            allow_bad_entropy_calls=self.allow_entropy,
            in_request_context=lambda: self.in_request,
            is_bad_entropy_enabled=lambda: self.scope.entropy > 0,
            raise_unless_entropy_allowed=self.raise_unless_allowed,
            should_allow_entropy_call=self.may_have_entropy,
        )
        give(
            "_cloudflare.import_patch_manager",
            block_calls=self.block,
            register_after_snapshot=register("after"),
            register_before_first_request=register("before"),
            register_create_patch=register("create"),
            register_exec_patch=register("exec"),
        )

    def patch_standard_library(self):
        urandom = os.urandom

        @functools.wraps(urandom)
        def rationed(size):
            self.raise_unless_allowed()
            return urandom(size)

        os.urandom = rationed
        if "random" in sys.modules:
            sys.modules["random"]._urandom = rationed  # imported too early: there it has the runtime's

        import _random

        seed = _random.Random.seed

        @functools.wraps(seed)
        def seeded(this, value=None):
            if value is None:
                self.raise_unless_allowed()
            return seed(this, value)

        _random.Random.seed = seeded

    def allow_by_table(self):
        """What data/smoke.toml says of modules that ask for entropy while they are imported."""
        special = {"tempfile": self.name_in_order, "shared-random": self.share_random}
        for row in self.table:
            context = special.get(row.get("patch")) or functools.partial(self.allow_import, row)
            self.contexts["create" if row.get("create") else "exec"][row["name"]] = context
        self.contexts["exec"]["socket"] = self.forbid_connections
        self.contexts["exec"]["urllib3.contrib.emscripten.fetch"] = self.forbid_urllib3
        # What Pyodide's own start has imported already runs no loader again.
        for name, context in self.contexts["exec"].items():
            if name in sys.modules:
                with context(sys.modules[name]):
                    pass

    @contextlib.contextmanager
    def allow_import(self, row, module):
        with self.hidden(row.get("hides")), self.allow_entropy() if row.get("calls") else contextlib.nullcontext():
            yield
        if primed := getattr(module, row.get("primes", ""), None):
            with self.allow_entropy(), contextlib.suppress(Exception):
                primed(None)
        if "callable" in row:
            self.block(module, allowlist=row["callable"])

    @staticmethod
    @contextlib.contextmanager
    def hidden(name):
        """As if the module `name` did not exist."""
        if not name:
            yield
            return

        class Hide:
            def find_spec(self, asked, path=None, target=None):
                if asked == name:
                    raise ModuleNotFoundError(f"No module named {asked!r}", name=asked)

        hide, module = Hide(), sys.modules.pop(name, None)
        sys.meta_path.insert(0, hide)
        try:
            yield
        finally:
            sys.meta_path.remove(hide)
            if module:
                sys.modules[name] = module

    @staticmethod
    @contextlib.contextmanager
    def name_in_order(module):
        yield

        class Names:
            def __init__(self):
                self.next = 0

            def __iter__(self):
                return self

            def __next__(self):
                self.next += 1
                return f"{self.next:08d}"

        module._RandomNameSequence = Names

    @staticmethod
    @contextlib.contextmanager
    def share_random(module):
        import random

        kind = random.Random
        random.Random = lambda: random
        try:
            yield
        finally:
            random.Random = kind

    # ---- connections

    def forbidden(self, original, what):
        @functools.wraps(original)
        def refuse(*args, **kwargs):
            if self.in_request:
                return original(*args, **kwargs)
            raise OSError(EIO, f"{GLOBAL_SCOPE}{what}")

        return refuse

    @contextlib.contextmanager
    def forbid_connections(self, module):
        yield
        for name in ("connect", "connect_ex", "sendto"):
            setattr(module.socket, name, self.forbidden(getattr(module.socket, name), "a socket"))

    @contextlib.contextmanager
    def forbid_urllib3(self, module):
        """It asks which of a browser's ways there is before it sends anything, and Node's are others than the runtime's."""
        yield
        for name in ("send_request", "send_streaming_request"):
            if original := getattr(module, name, None):
                setattr(module, name, self.forbidden(original, "a request"))

    # ---- imports, each timed

    def time_imports(self):
        def timed(loader, method, kind, name_of):
            original = getattr(loader, method)

            @functools.wraps(original)
            def wrapper(this, argument):
                name = name_of(argument)
                context = self.contexts[kind].get(name)
                self.stack.append(0.0)
                before, self.scope.importing = self.scope.importing, name
                started = time.perf_counter()
                try:
                    with context(argument) if context else contextlib.nullcontext():
                        return original(this, argument)
                finally:
                    spent = time.perf_counter() - started
                    inner = self.stack.pop()
                    self.scope.importing = before
                    if self.stack:
                        self.stack[-1] += spent
                    total, own = self.times.get(name, (0.0, 0.0))
                    self.times[name] = (total + spent, own + spent - inner)

            setattr(loader, method, wrapper)

        of_module, of_spec = (lambda module: module.__name__), (lambda spec: spec.name)
        timed(_bootstrap_external._LoaderBasics, "exec_module", "exec", of_module)
        timed(importlib.machinery.ExtensionFileLoader, "create_module", "create", of_spec)
        timed(importlib.machinery.ExtensionFileLoader, "exec_module", "exec", of_module)

    def lay_out_paths(self):
        vendored = f"{self.files}/python_modules"
        # The order that the runtime computes: stdlib, python_modules, then the user's own modules.
        at = next((i for i, entry in enumerate(sys.path) if "site-packages" in entry), len(sys.path))
        sys.path.insert(at, vendored)
        if self.legacy_vendor:
            sys.path.insert(at + 1, f"{self.files}/vendor")
        sys.path.append(self.files)
        sys.meta_path.append(self.stand_in)
        sys.dont_write_bytecode = True
        os.chdir("/session")
        if self.pth:
            site.addsitedir(vendored, set(sys.path))

    def import_main(self):
        with self.catching("import", self.main):
            self.lay_out_paths()
            self.time_imports()
            name = self.main.removesuffix(".py")
            for clash in (f"{name}.py", f"{name}/__init__.py", f"{name}.so"):
                if os.path.exists(f"{self.files}/python_modules/{clash}"):
                    raise RuntimeError(f"Python module python_modules/{clash} clashes with main module")
            started = time.perf_counter()
            try:
                self.module = importlib.import_module(name)
            finally:
                self.seconds = time.perf_counter() - started

    def enter_requests(self):
        self.in_request = True
        sys.modules.update(self.blocked)

    def import_further(self, name):
        with self.catching("further", name):
            importlib.import_module(name)

    async def run_script(self, path, source):
        from pyodide.code import eval_code_async

        with self.catching("script", path):
            namespace = {"__name__": "__smoke__", "__file__": path, "main": self.module}
            await eval_code_async(source, namespace, filename=path)

    @contextlib.contextmanager
    def catching(self, what, subject):
        try:
            yield
        except SystemExit as error:
            if what != "script" or error.code not in (None, 0):
                self.failures.append(self.failure(what, subject, error))
        except BaseException as error:  # whatever stops it is the finding
            self.failures.append(self.failure(what, subject, error))

    # ---- what is said of it

    def failure(self, what, subject, error):
        text = error.msg if isinstance(error, SyntaxError) else str(error)
        refused = next((cause for cause in reversed(causes(error)) if GLOBAL_SCOPE in str(cause)), None)
        unjudged = self.notes.decided
        if refused is None:
            # A value that is only passed on makes no name go missing.
            passed_on = None if isinstance(error, (ImportError, NameError, SyntaxError)) else self.notes.unknown
            unjudged = unjudged or passed_on or self.stand_in.is_behind(error)
        return {
            "what": what,
            "subject": subject,
            "kind": type(error).__name__,
            "text": text[:2000],
            "missing": error.name if isinstance(error, ModuleNotFoundError) else None,
            "frames": frames(traced(error, refused), self.files, subject),
            "forbidden": None if refused is None else str(refused).split(GLOBAL_SCOPE, 1)[1].split("\n")[0],
            "unjudged": unjudged,
        }

    def denied_entropy(self):
        """Asked for from C: there Python can stop nothing, and the interpreter itself said where it was."""
        module = self.scope.denied
        if self.is_allowed_by_the_worker() or not isinstance(module, str) or self.notes.decided:
            return None
        found = re.findall(r'File "(.+)", line (\d+) in (\S+)', self.scope.denied_at)
        stack = [traceback.FrameSummary(file, int(line), name) for file, line, name in reversed(found)]
        return {"module": module, "frames": frames(stack, self.files, "")}

    def report(self):
        slowest = sorted(self.times.items(), key=lambda item: -item[1][1])[:15]
        return json.dumps({
            "python": sys.version.split()[0],
            "import_seconds": round(self.seconds, 4),
            "imported": len(self.times),
            "slowest": [
                {"module": name, "seconds": round(total, 4), "own_seconds": round(own, 4)}
                for name, (total, own) in slowest
            ],
            "entry_classes": entry_classes(self.module) if self.module else [],
            "handlers": [name for name in dir(self.module) if name.startswith("on_")] if self.module else [],
            "stood_in": self.stand_in.used,
            "denied_entropy": self.denied_entropy(),
            "failures": self.failures,
        })  # fmt: skip


def entry_classes(module):
    """As the runtime looks: through `__all__` or `dir()` for classes that extend one of the SDK's."""
    sdk = sys.modules.get("workers")
    kinds = ("WorkerEntrypoint", "DurableObject", "WorkflowEntrypoint")
    bases = tuple(getattr(sdk, name) for name in kinds if hasattr(sdk, name))
    named = {name: getattr(module, name, None) for name in getattr(module, "__all__", None) or dir(module)}
    return [
        name for name, value in named.items() if isinstance(value, type) and issubclass(value, bases) and value not in bases
    ]


def causes(error):
    """`error` and every exception that led to it, or that it carries: `URLError(OSError(...))`."""
    found = []
    ahead = [error]
    while ahead:
        one = ahead.pop(0)
        if isinstance(one, BaseException) and not any(one is other for other in found):
            found.append(one)
            ahead += [one.__cause__, one.__context__, *getattr(one, "exceptions", ()), *one.args]
    return found


def traced(error, refused):
    """The frames of `error`, and below the one that caught it those of what was refused there."""

    def walk(one):
        tracebacks = []
        at = one.__traceback__
        while at is not None:
            tracebacks.append(at)
            at = at.tb_next
        return list(zip(tracebacks, traceback.extract_tb(one.__traceback__), strict=True))

    outer = walk(error)
    if refused is not None and refused is not error and (inner := walk(refused)):
        caught = (at for at, (one, _) in enumerate(outer) if one.tb_frame is inner[0][0].tb_frame)
        outer = outer[: next(caught, len(outer))] + inner
    summary = [frame for _, frame in outer]
    if isinstance(error, SyntaxError) and error.filename:
        summary.append(traceback.FrameSummary(error.filename, error.lineno or 0, "<module>"))
    return summary


def source(frame):
    """What the frame was at: the expression where Python knows it, else the line."""
    line = linecache.getline(frame.filename, frame.lineno or 0).rstrip()
    start, end = getattr(frame, "colno", None), getattr(frame, "end_colno", None)
    if start is not None and end is not None:
        # Columns are bytes of UTF-8.
        line = line.encode()[start : end if frame.end_lineno == frame.lineno else None].decode(errors="ignore")
    text = " ".join(line.split())
    return text if len(text) <= SOURCE else f"{text[:SOURCE]}..."


def frames(summary, files, script):
    """The frames that are the bundle's, the script's or the standard library's, outermost first."""
    ours = ("<saddlebag>", "<stand-in>", "<frozen", "<exec>", "file:")
    kept = [frame for frame in summary if not frame.filename.startswith(ours)]
    # Before the bundle's first frame there is only the machinery that imports it.
    own = (f"{files}/", script) if script else f"{files}/"
    inside = (at for at, frame in enumerate(kept) if frame.filename.startswith(own))
    first = next(inside, len(kept))
    return [
        {
            "file": frame.filename.removeprefix(f"{files}/"),
            "line": frame.lineno or 0,
            "function": frame.name,
            "source": source(frame),
        }
        for frame in kept[first:]
    ]
