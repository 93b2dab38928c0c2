// The data of the page and what follows from it: files, packages, the tree of the map, chains of imports. Draws nothing.

const { report, beside } = JSON.parse(document.getElementById("data").textContent);
const bundle = report.bundle;
const imports = beside.imports;

const LEVELS = [
  { word: "always", says: "Imported when the Worker starts." },
  { word: "sometimes", says: "Imported in a function, or under a condition, of the project." },
  { word: "seldom", says: "Imported in a function, or under a condition, of a package." },
  { word: "guarded", says: "A guarded import: a missing package is handled." },
  { word: "named", says: "Perhaps imported: a string has its name." },
];
const UNREACHED = { word: "not imported", says: "Imported by nothing that main imports." };

const KINDS = {
  own: "your project",
  python: "Python",
  data: "text and data",
  native: "native",
  metadata: "metadata",
};

function kindOf(name, owner, type) {
  if (owner === "project" || owner === "saddlebag") return "own";
  if (/\.dist-info\//.test(name)) return "metadata";
  if (type === "compiled-wasm" || /\.(so|wasm)(\.[^/]*)?$/.test(name)) return "native";
  return type === "python" || /\.pyi?$/.test(name) ? "python" : "data";
}

const belowPackages = (name) => (name.startsWith("python_modules/") ? name.slice("python_modules/".length) : name);

// Every file: uploaded ones first, in the report's order, so that an index into `imports` is an index into `files`.
const files = [];
if (bundle) {
  bundle.modules.forEach((module, index) => {
    const path = belowPackages((beside.shown && beside.shown[index]) || module.name);
    const level = imports ? imports.level[index] : -1;
    const kind = kindOf(module.name, module.owner, module.type);
    files.push({ index, name: module.name, path, bytes: module.bytes, owner: module.owner, type: module.type, kind, level, rule: "", dropped: false });
  });
  (report.dropped || []).forEach((file, at) => {
    const owner = beside.dropped.owners[beside.dropped.owner[at]];
    const kind = kindOf(file.name, owner, "");
    files.push({ index: files.length, name: file.name, path: belowPackages(file.name), bytes: file.bytes, owner, type: "", kind, level: -1, rule: file.rule, dropped: true });
  });
}
const uploaded = bundle ? bundle.modules.length : 0;
const packages = new Map(bundle ? bundle.packages.map((entry) => [entry.name, entry]) : []);
const droppedBytes = files.slice(uploaded).reduce((sum, file) => sum + file.bytes, 0);

// What is imported; all else is read.
const isImportable = (file) => /\.(py|pth|so)$/.test(file.name);
const READ = { word: "–", says: "A file that is read, not imported." };
const levelOf = (file) => LEVELS[file.level] || (isImportable(file) ? UNREACHED : READ);

const ownerName = (owner) =>
  owner === "project" || owner === "saddlebag" ? "your project" : owner === "python_modules" ? "in no RECORD" : owner;

// The imports that lead to a file, main first: its files, and the line of each where the next is imported.
function chainOf(file) {
  const chain = [];
  let at = file.index;
  while (imports && at >= 0 && at < uploaded && chain.length <= uploaded) {
    const last = chain[chain.length - 1];
    chain.push({ file: files[at], line: last ? imports.line[last.file.index] : 0 });
    at = imports.parent[at];
  }
  return chain.reverse();
}

// Of many files the one that is imported most surely, and of those the one with the shortest way.
function surest(candidates) {
  let best = null;
  for (const file of candidates) {
    if (file.dropped || file.level < 0) continue;
    if (best && file.level > best.file.level) continue;
    const length = chainOf(file).length;
    if (!best || file.level < best.file.level || length < best.length) best = { file, length };
  }
  return best && best.file;
}

// From the project's requirements to a package: project, fastapi, pydantic.
function requirementsOf(name) {
  const came = new Map();
  const waiting = [name];
  while (waiting.length) {
    const at = waiting.shift();
    if (at === "project") {
      const chain = [at];
      for (let next = came.get(at); next; next = came.get(next)) chain.push(next);
      return chain;
    }
    for (const by of packages.has(at) ? packages.get(at).required_by : []) {
      if (by !== name && !came.has(by)) {
        came.set(by, at);
        waiting.push(by);
      }
    }
  }
  return null;
}

// The tree of the map: package, directories, files; the heaviest first; a directory that holds one directory is one step.
function treeOf(withDropped) {
  const root = { name: "upload", children: new Map(), parent: null, role: "root" };
  for (const file of withDropped ? files : files.slice(0, uploaded)) {
    if (file.bytes === 0) continue;
    let at = child(root, ownerName(file.owner), "package");
    at.owner = file.owner === "saddlebag" ? "project" : file.owner;
    const parts = file.path.split("/");
    for (const part of parts.slice(0, -1)) at = child(at, part, "directory");
    const name = parts[parts.length - 1];
    const leaf = { name, file, bytes: file.bytes, kind: file.kind, dropped: file.dropped, count: 1, parent: at, role: "file", children: null };
    at.children.set(file.dropped ? "-" + file.index : "+" + file.index, leaf);
  }
  return settle(root);
}

function child(parent, name, role) {
  const key = "/" + name;
  let found = parent.children.get(key);
  if (!found) parent.children.set(key, (found = { name, children: new Map(), parent, role, owner: parent.owner }));
  return found;
}

function settle(node) {
  if (!node.children) return node;
  let children = [...node.children.values()];
  while (node.role === "directory" && children.length === 1 && children[0].role === "directory") {
    node.name += "/" + children[0].name;
    children = [...children[0].children.values()];
  }
  const weights = {};
  node.bytes = node.count = 0;
  node.dropped = children.length > 0;
  node.children = children;
  for (const entry of children) {
    entry.parent = node;
    settle(entry);
    node.bytes += entry.bytes;
    node.count += entry.count;
    node.dropped = node.dropped && entry.dropped;
    weights[entry.kind] = (weights[entry.kind] || 0) + entry.bytes;
  }
  node.kind = Object.keys(weights).sort((a, b) => weights[b] - weights[a])[0] || "data";
  children.sort((a, b) => b.bytes - a.bytes || (a.name < b.name ? -1 : 1));
  return node;
}

// Every file at or below a node.
function* filesBelow(node) {
  if (node.file) yield node.file;
  else for (const entry of node.children) yield* filesBelow(entry);
}

const bytesText = (number) =>
  number < 1024 ? `${number} B` : number < 1048576 ? `${(number / 1024).toFixed(1)} KiB` : `${(number / 1048576).toFixed(1)} MiB`;
const plural = (noun) => (noun.endsWith("y") ? `${noun.slice(0, -1)}ies` : `${noun}s`);
const countText = (number, noun) => `${number.toLocaleString("en")} ${number === 1 ? noun : plural(noun)}`;
const shareText = (part, whole) => {
  const share = whole ? (100 * part) / whole : 0;
  return share > 0 && share < 0.1 ? "under 0.1 %" : `${share < 10 ? share.toFixed(1) : Math.round(share)} %`;
};
