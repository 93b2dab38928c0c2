// A `python` that is Pyodide under Node: command line enough for uv to take it for a managed interpreter.
// Receives: PYODIDE_DIR (the npm package), PYODIDE_EXE (the path to report as sys.executable), python's own arguments.
// Hands on: python's stdout, stderr and exit code. Sees the machine's file system.
// Never used to boot a Worker (boot.mjs does that), and knows no subprocesses, sockets or stdin.
import fs from "node:fs";
import path from "node:path";
import { pathToFileURL } from "node:url";

const { PYODIDE_DIR, PYODIDE_EXE } = process.env;
const { loadPyodide } = await import(pathToFileURL(path.join(PYODIDE_DIR, "pyodide.mjs")).href);

// Top-level directories that Pyodide brings itself: mounting the machine's over them would take its stdlib away.
const PYODIDES_OWN = new Set(["dev", "lib", "proc", "sys"]);

function mountMachine(FS) {
  for (const name of fs.readdirSync("/")) {
    const root = `/${name}`;
    if (PYODIDES_OWN.has(name)) continue;
    try {
      if (!fs.statSync(root).isDirectory()) continue;
      FS.mkdirTree(root);
      FS.mount(FS.filesystems.NODEFS, { root }, root);
    } catch {
      // Unreadable, or a dangling link: python does without it.
    }
  }
}

function writer(fd) {
  return {
    isatty: false,
    write(bytes) {
      // A pipe takes what it takes: one call may write less than all.
      let done = 0;
      while (done < bytes.length) {
        try {
          done += fs.writeSync(fd, bytes, done);
        } catch (error) {
          if (error.code !== "EAGAIN") throw error;
        }
      }
      return bytes.length;
    },
  };
}

const py = await loadPyodide({
  args: process.argv.slice(2),
  env: { HOME: "/", ...process.env },
  fsInit: async (FS) => mountMachine(FS),
  _sysExecutable: PYODIDE_EXE,
});
py.setStdout(writer(1));
py.setStderr(writer(2));
py.FS.chdir(process.cwd());

let code = 0;
try {
  code = py._module._run_main();
} catch (error) {
  if (error.status === undefined) throw error; // not an exit, but a crash of the interpreter
  code = error.status;
}
process.exit(code);
