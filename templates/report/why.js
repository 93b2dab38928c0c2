// "Why is this here?": for a file, a directory or a package, by which requirements and which imports it got into the bundle.

function explain({ file, node, name }) {
  const owner = file ? null : node ? (node.role === "package" ? node.owner : null) : name;
  const entry = owner ? packages.get(owner) : null;
  const title = file ? file.path : entry ? `${entry.name} ${entry.version}` : node ? whereOf(node) : name;
  const body = byId("why-body");
  fill(body, el("p.why-name", {}, title));
  const facts = el("dl.facts");
  const fact = (term, ...value) => facts.append(el("dt", {}, term), el("dd", {}, ...value));
  if (file) {
    fact("size", `${bytesText(file.bytes)} (${shareText(file.bytes, file.dropped ? droppedBytes : bundle.raw_bytes)} of what is ${file.dropped ? "dropped" : "uploaded"})`);
    fact("kind", file.type ? `${KINDS[file.kind]}, uploaded as ${file.type}` : KINDS[file.kind]);
    fact("package", packages.has(file.owner) ? packageLink(file.owner) : ownerName(file.owner));
    if (file.name !== file.path && !file.name.startsWith("python_modules/")) fact("uploaded as", el("code", {}, file.name));
  } else {
    const bytes = entry ? entry.raw_bytes : node ? node.bytes : 0;
    fact("size", `${bytesText(bytes)} (${shareText(bytes, bundle.raw_bytes)} of the upload)`);
    fact("files", (entry ? entry.modules : node ? node.count : 0).toLocaleString("en"));
    if (entry && entry.dropped_bytes) fact("dropped", bytesText(entry.dropped_bytes));
  }
  body.append(facts);

  const requiring = entry || (file && packages.get(file.owner));
  if (requiring) {
    const chain = requirementsOf(requiring.name);
    body.append(el("h4", {}, "Required by"));
    body.append(chain ? el("ol.path", {}, chain.map((step) => el("li", {}, packages.has(step) ? packageLink(step) : "your project"))) : el("p", {}, "Nothing: pywrangler adds it."));
  }

  body.append(el("h4", {}, "Imported"));
  if (file && file.dropped) return void body.append(el("p", {}, "It stays behind: the rule ", el("code", {}, file.rule), " dropped it."));
  if (file && levelOf(file) === READ) return void body.append(el("p", {}, READ.says));
  const subject = file ? (file.level >= 0 ? file : null) : surest(node ? filesBelow(node) : files.filter((each) => each.owner === owner));
  const level = subject ? levelOf(subject) : UNREACHED;
  body.append(el("p", {}, el("span.level", {}, level.word), " ", level.says));
  if (!subject) return;
  const chain = chainOf(subject);
  body.append(el("ol.chain", {}, chain.map((step, at) => el("li", {},
    step.file === file ? el("code", {}, step.file.path) : fileLink(step.file),
    at < chain.length - 1 && step.line ? el("span.quiet", {}, `:${step.line}`) : null))));
}

function whereOf(node) {
  const path = [];
  for (let at = node; at && at.parent; at = at.parent) path.unshift(at.name);
  return path.slice(1).join("/") || path.join("/");
}

function fileLink(file, text) {
  const button = el("button.link", { type: "button" }, text || file.path);
  button.addEventListener("click", () => reveal(file));
  return button;
}

function packageLink(name) {
  const button = el("button.link", { type: "button" }, name);
  button.addEventListener("click", () => revealPackage(name));
  return button;
}
