// The top of the page: the verdict, the limits, the figures; and the gates with their findings.

const OUTCOMES = {
  passed: ["ok", "✓"],
  warned: ["warn", "!"],
  blocked: ["deny", "×"],
  broke: ["deny", "×"],
  skipped: ["skipped", "–"],
};

const badge = (kind, sign, word) => el(`span.badge.${kind}`, {}, el("span.sign", { "aria-hidden": "true" }, sign), word);
const listed = (words) => (words.length < 2 ? words.join("") : `${words.slice(0, -1).join(", ")} and ${words[words.length - 1]}`);
const placeOf = (location) => [location.path, location.line, location.column].filter((part) => part).join(":");
const weightOf = (finding) => (finding.allowed ? "allowed" : finding.level);

function drawVerdict() {
  const gates = report.gates || [];
  const findings = gates.flatMap((gate) => gate.findings);
  const stopping = gates.filter((gate) => gate.outcome === "blocked" || gate.outcome === "broke");
  const warnings = findings.filter((finding) => weightOf(finding) === "warn").length;
  const done = !report.deploy ? "Passed" : beside.dry_run ? "Dry run passed" : "Deployed";
  let [kind, sign, says] = ["ok", "✓", done];
  if (report.error) [kind, sign, says] = ["deny", "×", "Could not be done"];
  else if (report.verdict === "blocked") [kind, sign, says] = ["deny", "×", `Blocked by ${listed(stopping.map((gate) => gate.id))}`];
  else if (report.deploy && report.exit.code) [kind, sign, says] = ["deny", "×", `pywrangler ended with exit code ${report.exit.code}`];
  else if (report.verdict === null) [kind, sign, says] = ["skipped", "–", "Not judged"];
  else if (warnings) [kind, sign, says] = ["warn", "!", `${done} with ${countText(warnings, "warning")}`];
  fill(byId("verdict-title"), el(`span.seal.${kind}`, { "aria-hidden": "true" }, sign), says);

  const why = byId("verdict-why");
  if (report.error) {
    const place = report.error.location ? el("code", {}, placeOf(report.error.location)) : null;
    add(why, [el("p", {}, prose(report.error.message), place && " at ", place), el("p.help", {}, prose(report.error.help))]);
    if (report.error.output) why.append(el("pre", {}, report.error.output));
  }
  const denials = findings.filter((finding) => weightOf(finding) === "deny");
  if (denials.length) {
    why.append(el("ul.reasons", {}, denials.slice(0, 3).map((finding) => el("li", {}, el("code", {}, finding.code), " ", prose(finding.message)))));
    if (denials.length > 3) why.append(el("p", {}, el("a", { href: "#gates" }, `and ${countText(denials.length - 3, "more finding")} that block`)));
  }

  const name = beside.name || "a Worker without a name";
  const project = report.project;
  document.title = `${says}: ${name} (saddlebag report)`;
  const environment = project && (project.env ? `environment ${project.env}` : "top level");
  const target = report.target && `Python ${report.target.python}`;
  fill(byId("subject"), el("strong", {}, name), [environment, target].filter(Boolean).map((part) => el("span", {}, part)));
  byId("made").textContent = `Made by saddlebag ${report.version}, command ${report.command || "unknown"}. This page is one file and asks nothing of a network.`;
}

const LIMITS = { raw: "Cloudflare's limit", gzip: "gzip budget", "max-raw": "your size.max-raw", "max-gzip": "your size.max-gzip" };

function drawLimits() {
  for (const limit of report.limits || []) {
    const used = limit.id.includes("gzip") ? bundle.gzip_bytes : bundle.raw_bytes;
    const share = limit.bytes ? used / limit.bytes : 1;
    const state = share > 1 ? "deny" : share > 0.8 ? "warn" : "ok";
    const about = limit.id.includes("gzip") ? "about " : "";
    const says = `${about}${bytesText(used)} of ${bytesText(limit.bytes)}, ${shareText(used, limit.bytes)}`;
    const inside = el("span.used." + state);
    inside.style.width = `${Math.min(100, Math.max(0.5, share * 100))}%`;
    const title = [LIMITS[limit.id] || limit.id, limit.id === "raw" && `since ${limit.date}`].filter(Boolean).join(" ");
    byId("limits").append(
      el("div.limit", {},
        el("p", {}, el("span.limit-name", {}, title), el("span.limit-says", {}, says)),
        el("div.gauge", { role: "img", "aria-label": `${title}: ${says}; the mark is at 80 %` }, inside, el("span.mark80"))));
  }
}

function drawFigures() {
  const figure = (title, value, more) => el("div", {}, el("dt", {}, title), el("dd", {}, value, more && el("small", {}, more)));
  const figures = [];
  if (bundle) {
    figures.push(figure("Upload", bytesText(bundle.raw_bytes), "uncompressed"));
    figures.push(figure("Gzipped", `${bytesText(bundle.gzip_bytes)}`, report.deploy && report.deploy.raw_bytes ? "as wrangler counted" : "estimated"));
    figures.push(figure("Modules", bundle.module_count.toLocaleString("en"), `in ${countText(bundle.packages.length, "package")}`));
    figures.push(figure("Dropped", bytesText(droppedBytes), countText(files.length - uploaded, "file")));
  }
  if (report.target) figures.push(figure("Target", `Python ${report.target.python}`, `Pyodide ${report.target.pyodide}, ${report.target.compatibility_date}`));
  if (report.project) figures.push(figure("Environment", report.project.env || "top level", report.project.config));
  if (report.deploy && report.deploy.version_id) figures.push(figure("Deployed", report.deploy.version_id));
  add(byId("figures"), figures);
}

function drawGates() {
  if (!report.gates) return;
  byId("gates").hidden = false;
  const rank = { blocked: 0, broke: 0, warned: 1, passed: 2 };
  const ran = report.gates.filter((gate) => gate.outcome !== "skipped");
  const isNote = (finding) => finding.level === "note" && !finding.allowed;
  const speaks = (gate) => gate.outcome === "broke" || !gate.findings.every(isNote);
  const open = ran.filter(speaks).sort((a, b) => rank[a.outcome] - rank[b.outcome]);
  const quiet = ran.filter((gate) => !speaks(gate));
  const skipped = new Map();
  for (const gate of report.gates.filter((gate) => gate.outcome === "skipped")) {
    skipped.set(gate.reason || "", [...(skipped.get(gate.reason || "") || []), gate.id]);
  }
  const body = byId("gates-body");
  body.append(el("div.gates", {}, open.map(drawGate)));
  if (quiet.length) {
    body.append(el("ul.rows", { "aria-label": "Gates that passed" },
      quiet.map((gate) => el("li", {}, badge(...OUTCOMES[gate.outcome], gate.outcome), el("code", {}, gate.id), el("span.quiet", {}, prose(beside.figures[gate.id] || "")), notesOf(gate.findings)))));
  }
  for (const [reason, ids] of skipped) {
    body.append(el("p.quiet", {}, badge(...OUTCOMES.skipped, "skipped"), " ", ids.join(", "), ": ", prose(reason)));
  }
}

function drawGate(gate) {
  const heading = el("h3", {}, badge(...OUTCOMES[gate.outcome], gate.outcome), el("code", {}, gate.id),
    el("span.quiet", {}, prose((gate.outcome === "broke" ? gate.reason : beside.figures[gate.id]) || "")));
  const notes = gate.findings.filter((finding) => finding.level === "note" && !finding.allowed);
  const heavy = gate.findings.filter((finding) => !notes.includes(finding));
  const blocks = groups(heavy);
  if (notes.length) blocks.push(notesOf(notes));
  return el("article.gate", {}, heading, blocks);
}

const notesOf = (notes) => (notes.length ? el("details", {}, el("summary", {}, countText(notes.length, "note")), groups(notes)) : null);

// Findings of one code with one help stand together; of a long list the first five are open.
function groups(findings) {
  const same = new Map();
  for (const finding of findings) {
    const key = [weightOf(finding), finding.code, finding.help, finding.snippet].join("\n");
    same.set(key, [...(same.get(key) || []), finding]);
  }
  const rank = { deny: 0, warn: 1, allowed: 2, note: 3 };
  return [...same.values()].sort((a, b) => rank[weightOf(a[0])] - rank[weightOf(b[0])]).map((group) => {
    const [first] = group;
    const item = (finding) => el("li", {}, prose(finding.message), el("code.place", {}, placeOf(finding.location)), finding.allowed && el("em", {}, "allowed: ", prose(finding.allowed)));
    const kinds = { deny: ["deny", "×"], warn: ["warn", "!"], note: ["skipped", "i"], allowed: ["skipped", "i"] };
    const rest = group.slice(5);
    return el("div.finding", {},
      el("p", {}, badge(...kinds[weightOf(first)], weightOf(first)), el("code", {}, first.code), group.length > 1 && el("span.quiet", {}, countText(group.length, "finding"))),
      el("ul", {}, group.slice(0, 5).map(item)),
      rest.length ? el("details", {}, el("summary", {}, `${rest.length.toLocaleString("en")} more`), el("ul", {}, rest.map(item))) : null,
      first.help && el("p.help", {}, prose(first.help)),
      first.snippet && el("pre", {}, first.snippet));
  });
}
