// Both sides: what the Worker gets, what this machine has, and what both do. Then what each dependency is for, and growth.

function drawSides() {
  byId("sides").hidden = false;
  const body = byId("sides-body");
  if (!beside.host) {
    body.append(el("p.quiet", {}, "The project has no virtual environment of its own (", el("code", {}, ".venv"), "): there is nothing to compare."));
    return;
  }
  const host = new Map(beside.host.map((entry) => [entry.name, entry]));
  const worker = bundle.packages;
  const sum = (entries, bytes) => entries.reduce((total, entry) => total + bytes(entry), 0);
  const both = worker.filter((entry) => host.has(entry.name));
  const onlyWorker = worker.filter((entry) => !host.has(entry.name));
  const onlyHost = beside.host.filter((entry) => !packages.has(entry.name));
  const parts = [
    { kind: "worker", title: "Only the Worker", entries: onlyWorker, bytes: (entry) => entry.raw_bytes, says: "uploaded, and not installed here" },
    { kind: "both", title: "Both", entries: both, bytes: (entry) => entry.raw_bytes, says: "uploaded, and installed here too" },
    { kind: "host", title: "Only this machine", entries: onlyHost, bytes: (entry) => entry.bytes, says: "installed here, and not uploaded" },
  ];
  const differing = both.filter((entry) => host.get(entry.name).version !== entry.version);
  body.append(
    el("p", {}, `Pyodide gets ${countText(worker.length, "package")} with ${bytesText(sum(worker, (entry) => entry.raw_bytes))}; the project's virtual environment has ${countText(beside.host.length, "package")} with ${bytesText(sum(beside.host, (entry) => entry.bytes))}. `,
      `${countText(both.length, "package")} ${both.length === 1 ? "is" : "are"} in both`, differing.length ? `, ${differing.length.toLocaleString("en")} of them in another version.` : "."),
    el("div.sets", { role: "img", "aria-label": parts.map((part) => `${part.title}: ${countText(part.entries.length, "package")}, ${bytesText(sum(part.entries, part.bytes))}`).join("; ") },
      el("span.set.worker", {}, el("b", {}, "Worker")), el("span.set.host", {}, el("b", {}, "This machine")),
      parts.map((part) => el(`span.count-of.${part.kind}`, {}, el("strong", {}, part.entries.length.toLocaleString("en")), el("span", {}, bytesText(sum(part.entries, part.bytes)))))),
    el("div.columns", {}, parts.map((part) => column(part, host))));
}

function column(part, host) {
  const entries = [...part.entries].sort((a, b) => part.bytes(b) - part.bytes(a) || (a.name < b.name ? -1 : 1));
  const most = Math.max(1, ...entries.map(part.bytes));
  const item = (entry) => {
    const here = part.kind === "both" ? host.get(entry.name) : null;
    const other = here && here.version !== entry.version ? el("span.differs", {}, `here ${here.version}`) : null;
    return el("li", {}, el("span.name", {}, packages.has(entry.name) ? packageLink(entry.name) : entry.name, " ", el("span.quiet", {}, entry.version), other),
      el("span.number", {}, bytesText(part.bytes(entry))), bar(part.bytes(entry) / most, part.kind));
  };
  const rest = entries.slice(12);
  return el(`div.column.${part.kind}`, {}, el("h3", {}, part.title), el("p.quiet", {}, part.says),
    entries.length ? el("ul", {}, entries.slice(0, 12).map(item)) : el("p", {}, "none"),
    rest.length ? el("details", {}, el("summary", {}, `${rest.length.toLocaleString("en")} more`), el("ul", {}, rest.map(item))) : null);
}

const CLASSES = {
  runtime: "the Worker needs it",
  development: "development only",
  unused: "nothing uses it",
  "cannot-run": "cannot run on Workers",
};

function drawDependencies() {
  const list = beside.dependencies && beside.dependencies.dependencies;
  if (!list) return;
  byId("dependencies").hidden = false;
  const of = (name) => list.filter((entry) => entry.class === name);
  byId("dependencies-body").append(
    el("ul.chips", {}, Object.keys(CLASSES).map((name) => el("li", {}, el(`span.class.${name}`, {}, name), el("strong", {}, of(name).length.toLocaleString("en")), CLASSES[name]))),
    table({
      caption: "Dependencies and what they are for",
      noun: "dependency",
      rows: list,
      text: (entry) => `${entry.name} ${entry.class} ${entry.declared.join(" ")} ${entry.reason || ""}`,
      sort: [1, "ascending"],
      print: 400,
      columns: [
        { title: "Dependency", value: (entry) => entry.name, cell: (entry) => [packages.has(entry.name) ? packageLink(entry.name) : entry.name, " ", el("span.quiet", {}, entry.version || "")] },
        { title: "Class", value: (entry) => Object.keys(CLASSES).indexOf(entry.class), cell: (entry) => el(`span.class.${entry.class}`, {}, entry.class) },
        { title: "Declared", value: (entry) => entry.declared.join(" "), cell: (entry) => entry.declared.join(", ") || (entry.required_by.length ? `by ${entry.required_by.join(", ")}` : "–") },
        { title: "Imported", value: (entry) => (entry.imported ? entry.imported.level : ""), cell: (entry) => (entry.imported ? [entry.imported.level, el("span.quiet", {}, ` ${(entry.imported.chain || [])[0] || ""}`)] : "–") },
        { title: "Upload", number: true, value: (entry) => entry.bundle_bytes || 0, cell: (entry) => (entry.bundle_bytes === null ? "–" : bytesText(entry.bundle_bytes)) },
        { title: "Here", number: true, value: (entry) => (entry.host ? entry.host.bytes : 0), cell: (entry) => (entry.host ? bytesText(entry.host.bytes) : "–") },
        { title: "Why", value: (entry) => entry.reason || "", cell: (entry) => [prose(entry.reason || ""), entry.advice ? el("p.help", {}, prose(entry.advice)) : null].flat() },
      ],
    }));
}

function drawGrowth() {
  const growth = report.growth;
  if (!growth) return;
  byId("growth").hidden = false;
  const { before, after } = growth.raw_bytes;
  const difference = (number) => `${number > 0 ? "+" : number < 0 ? "−" : "±"}${bytesText(Math.abs(number))}`;
  const most = Math.max(before, after, 1);
  const bytes = (side) => (side ? side.raw_bytes : 0);
  const also = (what, weights) => (weights && weights.after !== weights.before ? `, ${difference(weights.after - weights.before)} ${what}` : "");
  const line = (title, number, kind) => el("div.growth-line", {}, el("span", {}, title), bar(number / most, kind), el("span.number", {}, bytesText(number)));
  const version = (entry) => [entry.before && entry.before.version, entry.after && entry.after.version];
  byId("growth-body").append(
    el("p", {}, "Against ", el("code", {}, growth.baseline), ": ", el("strong", {}, difference(after - before)), before ? ` (${shareText(Math.abs(after - before), before)})` : "",
      also("gzipped", growth.gzip_bytes), also("of your own files", growth.project_bytes)),
    line("baseline", before, "quiet-bar"), line("now", after, "plain"),
    table({
      caption: "Packages that changed since the baseline",
      noun: "package",
      rows: growth.packages.filter((entry) => entry.change),
      sort: [3, "descending"],
      columns: [
        { title: "Package", value: (entry) => entry.name, cell: (entry) => (packages.has(entry.name) ? packageLink(entry.name) : entry.name) },
        { title: "Change", value: (entry) => entry.change, cell: (entry) => entry.change },
        { title: "Version", value: (entry) => version(entry).join(" "), cell: (entry) => [...new Set(version(entry).filter(Boolean))].join(" → ") },
        { title: "Difference", number: true, value: (entry) => bytes(entry.after) - bytes(entry.before), cell: (entry) => difference(bytes(entry.after) - bytes(entry.before)) },
        { title: "Now", number: true, value: (entry) => bytes(entry.after), cell: (entry) => (entry.after ? bytesText(bytes(entry.after)) : "–") },
      ],
    }));
}
