// Moving in the map: what is selected, zooming in and out, keys, the mouse, and coming from a table.

const cellOf = (node) => map.places.get(node);

function placeRings() {
  const ring = byId("ring");
  const cell = map.selected && cellOf(map.selected);
  ring.hidden = !cell;
  if (cell) put(ring, cell);
}

function put(ring, cell) {
  ring.style.left = `${cell.x}px`;
  ring.style.top = `${cell.y}px`;
  ring.style.width = `${cell.w}px`;
  ring.style.height = `${cell.h}px`;
}

const describe = (node) => {
  const what = node.file ? (node.dropped ? `dropped by the rule ${node.file.rule}` : KINDS[node.kind]) : countText(node.count, "file");
  return `${node.name}, ${bytesText(node.bytes)}, ${shareText(node.bytes, map.root.bytes)}, ${what}`;
};

// Makes a node the one that is spoken of: ring, spoken text, and the panel beside the map.
function select(node, quietly) {
  map.selected = node;
  placeRings();
  if (!node) return;
  if (!quietly) byId("live").textContent = describe(node);
  explain(node.file ? { file: node.file } : { node });
}

// Shows a node's inside; a file has none, so it is its directory that is shown.
function zoom(node, focus) {
  const [left, inside] = [map.at, cellOf(node)];
  map.at = node;
  drawCrumbs();
  drawMap();
  move(inside, cellOf(left));
  select(focus || null, true);
  const hidden = node.children.length - node.children.filter((entry) => cellOf(entry)).length;
  const unseen = hidden ? `; ${hidden.toLocaleString("en")} too small to draw, see the table of files` : "";
  byId("live").textContent = `${node.role === "root" ? "All packages" : node.name}, ${bytesText(node.bytes)}, ${countText(node.children.length, "part")}${unseen}. ${focus ? describe(focus) : ""}`;
}

// The eye follows: what is entered grows out of its place, what is left shrinks into it.
function move(inside, left) {
  if (matchMedia("(prefers-reduced-motion: reduce)").matches || !(inside || left)) return;
  const canvas = byId("canvas");
  const [width, height] = [canvas.clientWidth, canvas.clientHeight];
  const { x, y, w, h } = inside || left;
  const from = inside
    ? `translate(${x}px, ${y}px) scale(${w / width}, ${h / height})`
    : `scale(${width / w}, ${height / h}) translate(${-x}px, ${-y}px)`;
  canvas.animate([{ transform: from, opacity: 0.5 }, { transform: "none", opacity: 1 }], { duration: 180, easing: "ease-out" });
}

function drawCrumbs() {
  const path = [];
  for (let node = map.at; node; node = node.parent) path.unshift(node);
  fill(byId("crumbs"), path.map((node, at) => {
    const name = at === 0 ? "all packages" : node.name;
    if (node === map.at) return el("li", {}, el("span", { "aria-current": "location" }, name), el("span.quiet", {}, bytesText(node.bytes)));
    const button = el("button.link", { type: "button" }, name);
    button.addEventListener("click", () => {
      zoom(node, path[at + 1]);
      byId("map").focus();
    });
    return el("li", {}, button);
  }));
}

const up = () => map.at.parent && zoom(map.at.parent, map.at);

function enter(node) {
  if (!node.children) return select(node);
  zoom(node, node.children[0]);
}

// The sibling that lies that way, by the distance of the middles, with what is off the way counting double.
function neighbour(cell, dx, dy) {
  let best = null;
  const middle = (entry) => [entry.x + entry.w / 2, entry.y + entry.h / 2];
  const [mx, my] = middle(cell);
  for (const other of map.cells) {
    if (other.depth !== 1 || other === cell) continue;
    const [ox, oy] = middle(other);
    const along = (ox - mx) * dx + (oy - my) * dy;
    const off = Math.abs((ox - mx) * dy) + Math.abs((oy - my) * dx);
    const beyond = dx > 0 ? other.x >= cell.x + cell.w - 1 : dx < 0 ? other.x + other.w <= cell.x + 1 : dy > 0 ? other.y >= cell.y + cell.h - 1 : other.y + other.h <= cell.y + 1;
    if (!beyond) continue;
    if (!best || along + 2 * off < best.far) best = { far: along + 2 * off, node: other.node };
  }
  return best && best.node;
}

// The level that keys move on: children of what is shown.
function current() {
  let node = map.selected;
  while (node && node.parent !== map.at) node = node.parent;
  return node || null;
}

function onKey(event) {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const arrows = { ArrowRight: [1, 0], ArrowLeft: [-1, 0], ArrowDown: [0, 1], ArrowUp: [0, -1] };
  const children = map.at.children;
  const node = current();
  if (arrows[event.key]) {
    const cell = node && cellOf(node);
    const next = cell ? neighbour(cell, ...arrows[event.key]) : children[0];
    if (next) select(next);
  } else if (event.key === "Home") select(children[0]);
  else if (event.key === "End") select([...children].reverse().find(cellOf) || children[0]);
  else if (event.key === "Enter" || event.key === " ") node ? enter(node) : select(children[0]);
  else if (event.key === "Escape" || event.key === "Backspace") up();
  else return;
  event.preventDefault();
}

// What is under the pointer: the innermost cell.
function under(event) {
  const box = byId("map").getBoundingClientRect();
  const [x, y] = [event.clientX - box.left, event.clientY - box.top];
  for (let at = map.cells.length - 1; at >= 0; at -= 1) {
    const cell = map.cells[at];
    if (x >= cell.x && x < cell.x + cell.w && y >= cell.y && y < cell.y + cell.h) return cell;
  }
  return null;
}

// A click goes one level towards what was clicked, and selects it.
function onClick(event) {
  const cell = under(event);
  if (!cell) return;
  let top = cell.node;
  while (top.parent !== map.at) top = top.parent;
  if (top.children) zoom(top, cell.node === top ? top.children[0] : cell.node);
  else select(cell.node);
}

function onMove(event) {
  const cell = under(event);
  const tip = byId("tip");
  const ring = byId("ring-hover");
  tip.hidden = ring.hidden = !cell;
  if (!cell) return;
  put(ring, cell);
  const { node } = cell;
  const path = [];
  for (let at = node; at && at.parent; at = at.parent) path.unshift(at.name);
  const state = node.file ? (node.dropped ? `dropped: ${node.file.rule}` : `${KINDS[node.kind]}, ${levelOf(node.file).word}`) : countText(node.count, "file");
  fill(tip, el("strong", {}, path.join(" / ")), el("span", {}, `${bytesText(node.bytes)}, ${shareText(node.bytes, map.root.bytes)}`), el("span", {}, state));
  const [wide, high] = [tip.offsetWidth, tip.offsetHeight];
  tip.style.left = `${Math.max(4, Math.min(event.clientX + 14, window.innerWidth - wide - 8))}px`;
  tip.style.top = `${event.clientY + 18 + high > window.innerHeight ? event.clientY - high - 12 : event.clientY + 18}px`;
}

function startMap() {
  const box = byId("map");
  const toggle = byId("with-dropped");
  map.root = map.at = treeOf(false);
  byId("with-dropped-text").textContent = `Show what was dropped (${bytesText(droppedBytes)})`;
  toggle.checked = false;
  toggle.disabled = droppedBytes === 0;
  toggle.addEventListener("change", () => {
    map.root = treeOf(toggle.checked);
    zoom(map.root, null);
  });
  const kinds = [...new Set(files.filter((file) => !file.dropped && file.bytes).map((file) => file.kind))];
  const swatch = (kind, name) => el("li", {}, el(`span.swatch.${kind}`, { "aria-hidden": "true" }), name);
  fill(byId("legend"), Object.keys(KINDS).filter((kind) => kinds.includes(kind)).map((kind) => swatch(kind, KINDS[kind])), droppedBytes ? swatch("dropped", "dropped") : null);
  box.addEventListener("keydown", onKey);
  box.addEventListener("click", onClick);
  box.addEventListener("pointermove", onMove);
  box.addEventListener("pointerleave", () => (byId("tip").hidden = byId("ring-hover").hidden = true));
  box.addEventListener("focus", () => !map.selected && map.at.children.length && box.matches(":focus-visible") && select(map.at.children[0]));
  new ResizeObserver(() => map.drawn && drawMap()).observe(box);
  for (const query of ["(prefers-color-scheme: dark)", "print"]) matchMedia(query).addEventListener("change", drawMap);
  // While it asks for the paper's version the screen's styles still hold.
  const paper = (is) => () => {
    document.documentElement.classList.toggle("on-paper", is);
    drawMap();
  };
  window.addEventListener("beforeprint", paper(true));
  window.addEventListener("afterprint", paper(false));
  drawCrumbs();
  drawMap();
  if (map.root.children.length) explain({ node: map.root.children[0] }); // an example of what the panel tells
}

// Finds a file in the map, shows where it is, and goes there.
function reveal(file) {
  if (file.dropped && !byId("with-dropped").checked) {
    byId("with-dropped").checked = true;
    map.root = treeOf(true);
  }
  const node = find(map.root, (entry) => entry.file === file);
  if (node) zoom(node.parent, node);
  else explain({ file });
  goToWhy();
}

function revealPackage(name) {
  const node = map.root.children.find((entry) => entry.owner === name);
  if (node) zoom(node, null);
  explain(node ? { node } : { name });
  goToWhy();
}

function goToWhy() {
  const calm = matchMedia("(prefers-reduced-motion: reduce)").matches;
  byId("upload").scrollIntoView({ behavior: calm ? "auto" : "smooth", block: "start" });
  byId("why").focus({ preventScroll: true });
}

function find(node, is) {
  if (is(node)) return node;
  for (const entry of node.children || []) {
    const found = find(entry, is);
    if (found) return found;
  }
  return null;
}
