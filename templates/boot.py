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
import os
import site
import sys
import time
import traceback
import types
from importlib import _bootstrap_external

EIO = 29
ENTROPY = "Disallowed operation called within global scope: entropy"


# Packages that the runtime, or the SDK in newer ones, lets have entropy at import (workerd, topLevelEntropy). What the
# SDK registers replaces these.
RATIONED = {
    "exec": [
        "aiohttp.connector", "cryptography.exceptions", "jiter", "langchain_openai.chat_models.base",
        "langsmith._internal._constants", "numpy.random", "numpy.random.mtrand", "pydantic_core", "requests.adapters",
        "urllib3.util.ssl_",
    ],
    "create": ["tiktoken._tiktoken"],
}  # fmt: skip


# What packages compare at import, of the modules that stand-ins stand in for; anything else of them is nobody's business.
KNOWN = {
    "ssl": {
        "OPENSSL_VERSION": "OpenSSL 1.1.1w  11 Sep 2023",
        "OPENSSL_VERSION_INFO": (1, 1, 1, 23, 15),
        "OPENSSL_VERSION_NUMBER": 0x1010117F,
        "HAS_ALPN": True,
        "HAS_SNI": True,
        "HAS_TLSv1_3": True,
        "HAS_NEVER_CHECK_COMMON_NAME": True,
    },
    "sqlite3": {
        "apilevel": "2.0",
        "paramstyle": "qmark",
        "sqlite_version": "3.39.0",
        "sqlite_version_info": (3, 39, 0),
        "threadsafety": 1,
    },
}  # fmt: skip


class Loose(type):
    """What is asked of a class that only stands in: `ssl.TLSVersion.TLSv1_2`."""

    def __getattr__(cls, name):
        if name.startswith("__"):
            raise AttributeError(name)
        return 0


class StandIn(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """For modules that the runtime has and the npm package has not: last in line, so only where one is really missing."""

    def __init__(self, names):
        self.names, self.used = set(names), []

    def find_spec(self, name, path=None, target=None):
        return importlib.util.spec_from_loader(name, self) if name in self.names else None

    def create_module(self, spec):
        return None

    def exec_module(self, module):
        self.used.append(module.__name__)
        vars(module).update(KNOWN.get(module.__name__, {}))

        def attribute(name):
            if name.startswith("__"):
                raise AttributeError(name)
            if name.isupper():
                return 0
            failure = name.endswith(("Error", "Exception", "error"))
            kind, base = (type, OSError) if failure else (Loose, object)
            value = kind(name, (base,), {"__module__": module.__name__})
            setattr(module, name, value)
            return value

        module.__getattr__ = attribute


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
    # Before python_workers_force_new_vendor_path (2025-08-11).
    legacy_vendor = False

    def __init__(self, files, main, stand_ins, pth, scope):
        self.files, self.main, self.pth, self.scope = files, main, pth, scope
        self.stand_in = StandIn(stand_ins)
        self.in_request = False
        self.contexts = {"exec": {}, "create": {}}
        self.blocked, self.times, self.stack = {}, {}, []
        self.seconds, self.module = 0.0, None
        self.failures = []
        self.give_cloudflare()
        self.patch_standard_library()

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
            def of(name):
                def keep(context):
                    self.contexts.get(kind, {})[name] = context
                    return context

                return keep

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

        @contextlib.contextmanager
        def random(module):
            with self.allow_entropy():
                yield
            self.block(module, allowlist=("Random", "SystemRandom"))

        @contextlib.contextmanager
        def tempfile(module):
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

        @contextlib.contextmanager
        def socket(module):
            yield
            connect = module.socket.connect

            def refuse(this, *args):
                if self.in_request:
                    return connect(this, *args)
                raise OSError(EIO, "Disallowed operation called within global scope: a socket")

            module.socket.connect = module.socket.connect_ex = refuse

        @contextlib.contextmanager
        def rationed_elsewhere(_):
            with self.allow_entropy():
                yield

        for kind, names in RATIONED.items():
            self.contexts[kind].update(dict.fromkeys(names, rationed_elsewhere))
        self.contexts["exec"].update(random=random, tempfile=tempfile, socket=socket)
        # What Pyodide's own start has imported already runs no loader again.
        for name in ("random", "tempfile", "socket"):
            if name in sys.modules:
                with self.contexts["exec"][name](sys.modules[name]):
                    pass

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
                self.failures.append(failure(what, subject, error, self.files))
        except BaseException as error:  # whatever stops it is the finding
            self.failures.append(failure(what, subject, error, self.files))

    # ---- what is said of it

    def report(self):
        denied = None if self.is_allowed_by_the_worker() else self.scope.denied
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
            # The module in whose import something asked from C: there Python can stop nothing.
            "denied_entropy": denied if isinstance(denied, str) else None,
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


def frames(summary, files, script):
    """The frames that are the bundle's, the script's or the standard library's, outermost first."""
    ours = ("<saddlebag>", "<frozen", "<exec>", "file:")
    kept = [frame for frame in summary if not frame.filename.startswith(ours)]
    # Before the bundle's first frame there is only the machinery that imports it.
    inside = (at for at, frame in enumerate(kept) if frame.filename.startswith((f"{files}/", script)))
    first = next(inside, len(kept))
    return [
        {"file": frame.filename.removeprefix(f"{files}/"), "line": frame.lineno or 0, "function": frame.name}
        for frame in kept[first:]
    ]


def failure(what, subject, error, files):
    shown = frames(traceback.extract_tb(error.__traceback__), files, subject)
    if isinstance(error, SyntaxError) and error.filename:
        place = {"file": error.filename.removeprefix(f"{files}/"), "line": error.lineno or 0, "function": "<module>"}
        shown.append(place)
    kind = type(error).__name__
    text = error.msg if isinstance(error, SyntaxError) else str(error)
    return {
        "what": what,
        "subject": subject,
        "kind": kind,
        "text": text[:2000],
        "missing": error.name if isinstance(error, ModuleNotFoundError) else None,
        "frames": shown,
    }
