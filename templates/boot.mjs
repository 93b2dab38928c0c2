// Boots a bundle the way the Workers runtime lays it out, in real Pyodide: imports its main module and calls no handler.
// Receives: REQUEST (a JSON file, see below) and ANSWER (where to write). Hands on: ANSWER, one JSON document, and exit
// code 0; what Python makes of the bundle is data, also a failure. Never writes to the bundle or the network, and stands
// in only for what the runtime itself gives. Started by saddlebag, run by Node.
//   REQUEST: {pyodide, program, stand_in_program, main, modules: [[name, path]], flags: [name], pth: bool,
//             legacy_vendor: bool, stand_ins: {module: [name]}, entropy: [{name, ...}], imports: [name], script: path|null, limits: {start, work}}
//             paths absolute, limits in seconds; `entropy` is the table of data/smoke.toml
//   ANSWER:  {boot: {...}} from boot.py, or {timeout: "start"|"import"|"script"}, or {crash: text}, or {unjudged: module}:
//             the import did not end after it had got what only the real module knows
import crypto from "node:crypto";
import fs from "node:fs";
import path from "node:path";
import { pathToFileURL } from "node:url";
import v8 from "node:v8";
import { Worker, isMainThread, parentPort, workerData } from "node:worker_threads";

const FILES = "/session/metadata"; // where the runtime shows a Worker its modules
// In Emscripten's numbering.
const ENOENT = 44;
const EROFS = 69;
const GLOBAL_SCOPE = "Disallowed operation called within global scope";

// ---- the watching thread: an import that never ends cannot be stopped from inside

async function watch(request) {
  // The runtime imports main so that it may wait (`asyncio.run`); Node 22 and 24 have that behind a flag.
  if (typeof WebAssembly.Suspending !== "function") {
    for (const flag of ["--experimental-wasm-stack-switching", "--experimental-wasm-jspi"]) v8.setFlagsFromString(flag);
  }
  const worker = new Worker(new URL(import.meta.url), { workerData: request, stdout: true, stderr: true });
  worker.stdout.resume(); // what the bundle prints is the bundle's
  worker.stderr.resume();
  let phase = "start";
  let guessed = null;
  let timer;
  return new Promise((resolve) => {
    const arm = (seconds) => {
      clearTimeout(timer);
      timer = setTimeout(() => resolve(guessed ? { unjudged: guessed } : { timeout: phase }), seconds * 1000);
    };
    arm(request.limits.start);
    worker.on("message", (message) => {
      if (message.phase) {
        phase = message.phase;
        arm(request.limits.work);
      } else if (message.guessed) {
        guessed = message.guessed;
      } else {
        resolve(message);
      }
    });
    worker.on("error", (error) => resolve({ crash: String(error?.stack ?? error) }));
    worker.on("exit", (code) => resolve({ crash: `the interpreter ended with code ${code}` }));
  });
}

// ---- the working thread

// The runtime's tree: read-only, and only what the runtime shows. Files are read when they are opened.
function mountModules(FS, modules) {
  const refuse = () => { throw new FS.ErrnoError(EROFS); };
  const made = new Date();
  const attributes = (node) => ({
    dev: 1, ino: node.id, mode: node.mode, nlink: 1, uid: 0, gid: 0, rdev: 0, size: node.size ?? 4096,
    atime: made, mtime: made, ctime: made, blksize: 4096, blocks: Math.ceil((node.size ?? 4096) / 4096),
  });
  const node_ops = {
    getattr: attributes,
    lookup() { throw new FS.ErrnoError(ENOENT); }, // what is there is in the name table already
    readdir: (node) => [".", "..", ...Object.keys(node.entries)],
    setattr: refuse, mknod: refuse, rename: refuse, unlink: refuse, rmdir: refuse, symlink: refuse,
  };
  const content = (node) => (node.content ??= fs.readFileSync(node.source));
  const stream_ops = {
    open(stream) { if (stream.flags & 0o3) refuse(); },
    close(stream) { stream.node.content = undefined; },
    llseek(stream, offset, whence) {
      const from = whence === 1 ? stream.position : whence === 2 ? stream.node.size : 0;
      if (from + offset < 0) throw new FS.ErrnoError(28); // EINVAL
      return from + offset;
    },
    read(stream, buffer, offset, length, position) {
      const part = content(stream.node).subarray(position, position + length);
      buffer.set(part, offset);
      return part.length;
    },
  };
  const directory = (parent, name) => {
    const node = FS.createNode(parent, name, 0o40555, 0);
    Object.assign(node, { node_ops, stream_ops, entries: {} });
    if (parent) parent.entries[name] = node;
    return node;
  };
  const type = {
    mount() {
      const root = directory(null, "/");
      for (const [name, source] of modules) {
        const parts = name.split("/");
        const base = parts.pop();
        const parent = parts.reduce((at, part) => at.entries[part] ?? directory(at, part), root);
        const node = FS.createNode(parent, base, 0o100555, 0);
        parent.entries[base] = Object.assign(node, { node_ops, stream_ops, source, size: fs.statSync(source).size });
      }
      return root;
    },
  };
  FS.mkdirTree(FILES);
  FS.mount(type, {}, FILES);
}

// What the runtime puts beside Pyodide and Node lacks; the SDK only wants it to exist at import.
function standInForRuntime(py, flags, forbid) {
  py.registerJsModule("_pyodide_entrypoint_helper", {
    cloudflareSocketsModule: { connect: forbid("a socket", () => undefined) },
    cloudflareWorkersModule: {},
    doAnImport: () => undefined,
    patchWaitUntil: () => undefined,
    patch_env_helper: () => undefined,
    workerEntrypoint: class {},
  });
  const flag = (_, key) => (typeof key === "string" ? flags.includes(key) : undefined);
  py.registerJsModule("_cloudflare_compat_flags", new Proxy({}, { get: flag, has: () => true }));
  const ours = [
    "Cloudflare", "EventSource", "FixedLengthStream", "HTMLRewriter", "IdentityTransformStream", "WebSocketPair",
    "WebSocketRequestResponsePair",
  ];
  for (const name of ours) globalThis[name] ??= class {};
  const nothing = async () => undefined;
  const cache = () => ({ match: nothing, put: nothing, delete: nothing });
  globalThis.caches = { default: cache(), open: async () => cache() };
  globalThis.scheduler ??= { wait: (ms) => new Promise((resolve) => setTimeout(resolve, ms)) };
}

// While the main module is imported, a Worker may not ask for entropy, set timers or talk to anybody.
function guard(scope, forbid) {
  const replace = (holder, name, what, when) => {
    if (typeof holder?.[name] === "function") holder[name] = forbid(what, holder[name], holder, when);
  };
  replace(globalThis, "setTimeout", "a timer", (_, ms) => ms > 0);
  replace(globalThis, "setInterval", "a timer");
  replace(globalThis.scheduler, "wait", "a timer");
  replace(AbortSignal, "timeout", "a timer");
  replace(globalThis, "fetch", "fetch");
  replace(globalThis.navigator, "sendBeacon", "a request");
  replace(globalThis.caches, "open", "the cache");
  for (const name of ["match", "put", "delete"]) replace(globalThis.caches.default, name, "the cache");
  for (const name of ["WebSocket", "EventSource"]) {
    const real = globalThis[name];
    if (real) {
      globalThis[name] = new Proxy(real, { construct: forbid(name, (target, all) => Reflect.construct(target, all)) });
    }
  }
  const hasNone = () => scope.entropy === 0;
  for (const name of ["getRandomValues", "randomUUID"]) replace(globalThis.crypto, name, `entropy (crypto.${name}())`, hasNone);
  replace(globalThis.crypto.subtle, "generateKey", "entropy (crypto.subtle.generateKey())", hasNone);
}

// What asks for entropy from C ends the runtime for good. Here it is noted, with the module whose import it happens in and
// where Python is (Python code may not run then), and gets its entropy, so that the rest is seen too.
function watchEntropy(scope, py, printed) {
  const { randomFillSync } = crypto;
  crypto.randomFillSync = (view) => { // Pyodide looks it up at each call
    if (scope.top && scope.entropy === 0 && scope.denied === null) {
      scope.denied = scope.importing;
      printed.lines = [];
      py._module._dump_traceback?.();
      scope.denied_at = printed.lines.join("\n");
      printed.lines = null;
    }
    return randomFillSync(view);
  };
}

async function boot(request) {
  const { loadPyodide } = await import(pathToFileURL(path.join(request.pyodide, "pyodide.mjs")).href);
  const scope = {
    top: false, entropy: 0, denied: null, denied_at: "", importing: "",
    guessed: (name) => parentPort.postMessage({ guessed: name }),
  };
  const forbid = (what, original, self, when = () => true) => function (...all) {
    if (scope.top && when(...all)) throw new Error(`${GLOBAL_SCOPE}: ${what}`);
    return original.apply(self ?? this, all);
  };
  const printed = { lines: null }; // what the bundle prints is the bundle's, but for one moment
  const keep = (line) => { printed.lines?.push(line); };
  const py = await loadPyodide({ env: { HOME: "/session" }, stdout: keep, stderr: keep });
  mountModules(py.FS, request.modules);
  standInForRuntime(py, request.flags, forbid);
  guard(scope, forbid);
  watchEntropy(scope, py, printed);
  const run = (file, name) => {
    const namespace = py.toPy({ __name__: `saddlebag_${name}` });
    py.runPython(fs.readFileSync(file, "utf8"), { globals: namespace, filename: `<${name}>` });
    return namespace;
  };
  const standIns = run(request.stand_in_program, "stand-in");
  const asked = py.toPy({
    main: request.main, pth: request.pth, legacy_vendor: request.legacy_vendor, entropy: request.entropy, stand_ins: request.stand_ins,
  });
  const program = run(request.program, "saddlebag").get("Boot")(FILES, asked, standIns, scope);

  const say = (phase) => parentPort.postMessage({ phase });
  const memory = () => py._module.HEAPU8.length;
  say("import");
  const before = memory();
  scope.top = true;
  await program.import_main.callPromising();
  scope.top = false;
  const after = memory();
  program.enter_requests();
  for (const name of request.imports) program.import_further(name);
  if (request.script) {
    say("script");
    await program.run_script(request.script, fs.readFileSync(request.script, "utf8"));
  }
  return { ...JSON.parse(program.report()), memory_before: before, memory_after: after };
}

if (isMainThread) {
  const [request, answer] = process.argv.slice(2);
  const result = await watch(JSON.parse(fs.readFileSync(request, "utf8")));
  fs.writeFileSync(answer, JSON.stringify(result));
  process.exit(0);
} else {
  let result;
  try {
    result = { boot: await boot(workerData) };
  } catch (error) {
    result = { crash: String(error?.stack ?? error).slice(-4000) };
  }
  parentPort.postMessage(result);
}
