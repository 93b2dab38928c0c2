// Boots an upload the way the Workers runtime lays it out, in real Pyodide: imports its main module, and no more.
// Receives: UPLOAD_DIR (modules under their upload names, python_modules/ beside), MAIN_MODULE; PYODIDE_DIR.
// Hands on: one JSON line on stdout, and exit code 0 or 1:
//   {"ok":true,"python":"3.14.2","seconds":0.4,"entrypoints":["Default"],"modules":210,"stubbed":[]}
//   {"ok":false,"error":"ModuleNotFoundError: ...","trace":"..."}
// Never writes to the upload, calls no handler, and stubs only what the runtime itself gives. Started by boot.sh.
import path from "node:path";
import { pathToFileURL } from "node:url";

const FILES = "/session/metadata"; // where the runtime shows a Worker its modules
const EROFS = 69; // in Emscripten's numbering

// The runtime's tree is read-only, and a Worker that writes beside its code must fail here as it does there.
function makeReadOnly({ node_ops, stream_ops }, FS) {
  const refuse = () => { throw new FS.ErrnoError(EROFS); };
  for (const name of ["mknod", "unlink", "rename", "rmdir", "symlink", "setattr"]) node_ops[name] = refuse;
  const { open } = stream_ops;
  stream_ops.open = (stream) => ((stream.flags & 0o3) === 0 ? open(stream) : refuse());
}

// What the runtime puts beside Pyodide and Node lacks; the SDK only wants it to exist at import.
function standInForRuntime(py) {
  py.registerJsModule("_pyodide_entrypoint_helper", {
    cloudflareSocketsModule: {},
    cloudflareWorkersModule: {},
    doAnImport: () => undefined,
    patchWaitUntil: () => undefined,
    patch_env_helper: () => undefined,
    workerEntrypoint: class {},
  });
  py.registerJsModule(
    "_cloudflare_compat_flags",
    new Proxy({}, { get: (_, key) => (typeof key === "string" ? false : undefined), has: () => true }),
  );
  for (const name of ["HTMLRewriter", "WebSocketPair", "WebSocketRequestResponsePair", "caches"]) {
    globalThis[name] ??= class {};
  }
}

const BOOT = String.raw`
import importlib, importlib.abc, importlib.util, json, os, site, sys, time, traceback

# The npm package of Pyodide 0.28 leaves these parts of the stdlib out; the runtime has them.
UNBUNDLED = {"ssl", "sqlite3", "lzma", "fcntl", "termios", "pty", "tty"}

class Unbundled(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Last in line, so it only stands in for what is really missing."""
    used = []
    def find_spec(self, name, path=None, target=None):
        return importlib.util.spec_from_loader(name, self) if name in UNBUNDLED else None
    def create_module(self, spec):
        return None
    def exec_module(self, module):
        self.used.append(module.__name__)
        def attribute(name):
            if name.startswith("__"):
                raise AttributeError(name)
            if name.isupper():
                return 0
            base = OSError if name.endswith(("Error", "Exception", "error")) else object
            value = type(name, (base,), {"__module__": module.__name__})
            setattr(module, name, value)
            return value
        module.__getattr__ = attribute

def boot(files, main):
    vendored = f"{files}/python_modules"
    if not main.endswith(".py"):
        raise RuntimeError("Main module needs to end with a .py file extension")
    name = main[:-3]
    for clash in (f"{name}.py", f"{name}/__init__.py", f"{name}.so"):
        if os.path.exists(f"{vendored}/{clash}"):
            raise RuntimeError(f"Python module python_modules/{clash} clashes with main module")
    # The order that the runtime computes: stdlib, python_modules, then the user's own modules.
    at = next((i for i, entry in enumerate(sys.path) if "site-packages" in entry), len(sys.path))
    sys.path.insert(at, vendored)
    site.addsitedir(vendored, set(sys.path))
    sys.path.append(files)
    sys.meta_path.append(Unbundled())
    started = time.monotonic()
    module = importlib.import_module(name)
    seconds = round(time.monotonic() - started, 3)
    return {"ok": True, "python": sys.version.split()[0], "seconds": seconds, "entrypoints": entrypoints(module),
            "modules": len(sys.modules), "stubbed": Unbundled.used}

# The runtime looks through __all__ or dir() for classes that extend one of the SDK's, wherever they were defined.
def entrypoints(module):
    sdk = sys.modules.get("workers")
    bases = tuple(getattr(sdk, name) for name in ("WorkerEntrypoint", "DurableObject", "WorkflowEntrypoint") if hasattr(sdk, name))
    named = {name: getattr(module, name, None) for name in getattr(module, "__all__", None) or dir(module)}
    return [name for name, value in named.items() if isinstance(value, type) and issubclass(value, bases) and value not in bases]

def report(files, main):
    try:
        return json.dumps(boot(files, main))
    except BaseException as error:
        trace = traceback.format_exc()[-4000:]
        return json.dumps({"ok": False, "error": f"{type(error).__name__}: {error}", "trace": trace})

report
`;

async function boot(upload, mainModule) {
  const { loadPyodide } = await import(pathToFileURL(path.join(process.env.PYODIDE_DIR, "pyodide.mjs")).href);
  const quiet = () => {}; // stdout is for the report
  const py = await loadPyodide({ stdout: quiet, stderr: quiet });
  const { NODEFS } = py.FS.filesystems;
  makeReadOnly(NODEFS, py.FS);
  py.FS.mkdirTree(FILES);
  py.FS.mount(NODEFS, { root: path.resolve(upload) }, FILES);
  standInForRuntime(py);
  return py.runPython(BOOT)(FILES, mainModule);
}

const [upload, mainModule] = process.argv.slice(2);
let line;
try {
  line = await boot(upload, mainModule);
} catch (error) {
  line = JSON.stringify({ ok: false, error: String(error.message ?? error), trace: String(error.stack).slice(-4000) });
}
process.stdout.write(`${line}\n`, () => process.exit(JSON.parse(line).ok ? 0 : 1));
