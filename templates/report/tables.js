// The tables of packages and of files.

function drawPackages() {
  const most = Math.max(1, ...bundle.packages.map((entry) => entry.raw_bytes));
  const own = files.slice(0, uploaded).filter((file) => file.kind === "own").reduce((sum, file) => sum + file.bytes, 0);
  byId("packages").hidden = false;
  byId("packages-body").append(
    el("p.quiet", {}, `${countText(bundle.packages.length, "package")}, and ${bytesText(own)} of your own.`),
    table({
      caption: "Packages of the upload",
      noun: "package",
      rows: bundle.packages,
      text: (entry) => `${entry.name} ${entry.version} ${entry.required_by.join(" ")}`,
      sort: [2, "descending"],
      print: 400,
      columns: [
        { title: "Package", value: (entry) => entry.name, cell: (entry) => packageLink(entry.name) },
        { title: "Version", value: (entry) => entry.version, cell: (entry) => entry.version },
        { title: "Bytes", number: true, value: (entry) => entry.raw_bytes, cell: (entry) => [bar(entry.raw_bytes / most), el("span.amount", {}, bytesText(entry.raw_bytes))] },
        { title: "Modules", number: true, value: (entry) => entry.modules, cell: (entry) => entry.modules.toLocaleString("en") },
        { title: "Dropped", number: true, value: (entry) => entry.dropped_bytes, cell: (entry) => (entry.dropped_bytes ? bytesText(entry.dropped_bytes) : "–") },
        { title: "Required by", value: (entry) => entry.required_by.join(", "), cell: (entry) => entry.required_by.map((name) => (name === "project" ? "your project" : name)).join(", ") || "pywrangler" },
      ],
    }));
}

function drawFiles() {
  byId("files").hidden = false;
  const rank = (file) => (file.dropped ? 9 : file.level < 0 ? 8 : file.level);
  const state = (file) => (file.dropped ? el("span.state.dropped", {}, `dropped: ${file.rule}`) : "uploaded");
  const rules = [...new Set(files.filter((file) => file.dropped).map((file) => file.rule))].sort();
  byId("files-body").append(
    table({
      caption: "Files of the upload, and those that stay behind",
      noun: "file",
      rows: files,
      text: (file) => `${file.path} ${file.owner} ${file.rule}`,
      sort: [2, "descending"],
      filters: [
        { title: "uploaded", passes: (file) => !file.dropped },
        { title: "dropped", passes: (file) => file.dropped },
        { title: "all", passes: null },
        ...rules.map((rule) => ({ title: `dropped: ${rule}`, passes: (file) => file.rule === rule })),
      ],
      columns: [
        { title: "File", value: (file) => file.path, cell: (file) => fileLink(file) },
        { title: "Package", value: (file) => ownerName(file.owner), cell: (file) => ownerName(file.owner) },
        { title: "Bytes", number: true, value: (file) => file.bytes, cell: (file) => bytesText(file.bytes) },
        { title: "Kind", value: (file) => file.kind, cell: (file) => el("span.kind", {}, el(`span.swatch.${file.kind}`, { "aria-hidden": "true" }), KINDS[file.kind]) },
        { title: "Imported", value: rank, cell: (file) => (file.dropped ? "–" : levelOf(file).word) },
        { title: "State", value: (file) => file.rule, cell: state },
      ],
    }));
}
