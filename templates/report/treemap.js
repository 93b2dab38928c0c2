// The map: a squarified treemap on a canvas, laid out for what can be seen, with one level to move on and any to zoom into.

const HEADER = 19; // height of the strip with a container's name
const TINY = 3; // what would be smaller than this is not drawn by itself: its container's ground stands for it

const map = { root: null, at: null, cells: [], selected: null, focus: null, drawn: false };

// Squarified rows (Bruls, Huizing and van Wijk): calls place(child, x, y, w, h) for each child.
function squarify(children, total, x, y, w, h, place) {
  const scale = total > 0 ? (w * h) / total : 0;
  let from = 0;
  while (from < children.length && w > 0 && h > 0) {
    const side = Math.min(w, h);
    let sum = 0;
    let to = from;
    let worst = Infinity;
    while (to < children.length) {
      const next = sum + children[to].bytes * scale;
      const largest = children[from].bytes * scale;
      const smallest = children[to].bytes * scale;
      const ratio = Math.max((side * side * largest) / (next * next), (next * next) / (side * side * smallest));
      if (ratio > worst) break;
      worst = ratio;
      sum = next;
      to += 1;
    }
    const thick = sum / side;
    let along = 0;
    for (; from < to; from += 1) {
      const long = (children[from].bytes * scale) / thick;
      if (w >= h) place(children[from], x, y + along, thick, long);
      else place(children[from], x + along, y, long, thick);
      along += long;
    }
    if (w >= h) [x, w] = [x + thick, w - thick];
    else [y, h] = [y + thick, h - thick];
  }
}

function layOut(width, height) {
  const cells = [];
  const lay = (node, x, y, w, h, depth) => {
    const cell = { node, x, y, w, h, depth, header: 0 };
    cells.push(cell);
    if (!node.children) return;
    // A directory that is nearly all of its package says nothing new: the package's name is enough.
    const plain = depth > 1 && node.parent.bytes * 0.9 < node.bytes;
    cell.header = !plain && w > 46 && h > HEADER * 1.8 ? HEADER : 0;
    const pad = plain || Math.min(w, h) < 12 ? 0 : 2;
    inside(node, x + pad, y + (cell.header || pad), w - 2 * pad, h - (cell.header || pad) - pad, depth);
  };
  const inside = (node, x, y, w, h, depth) => {
    if (w < TINY || h < TINY) return;
    squarify(node.children, node.bytes, x, y, w, h, (entry, cx, cy, cw, ch) => {
      if (cw >= TINY && ch >= TINY) lay(entry, cx, cy, cw, ch, depth + 1);
    });
  };
  inside(map.at, 0, 0, width, height, 0);
  return cells;
}

const paint = { colors: {}, font: "" };

function readColors() {
  const style = getComputedStyle(document.documentElement);
  for (const name of ["ground", "line", "ink", "quiet", "card", ...Object.keys(KINDS).flatMap((kind) => [kind, `fill-${kind}`]), "on-fill"]) {
    paint.colors[name] = style.getPropertyValue(`--${name}`).trim();
  }
  paint.font = getComputedStyle(document.body).fontFamily;
}

function drawMap() {
  const box = byId("map");
  const canvas = byId("canvas");
  const [width, height] = [box.clientWidth, box.clientHeight];
  if (!width || !height) return;
  readColors();
  const scale = Math.max(1, window.devicePixelRatio || 1);
  canvas.width = Math.round(width * scale);
  canvas.height = Math.round(height * scale);
  const context = canvas.getContext("2d");
  context.setTransform(scale, 0, 0, scale, 0, 0);
  context.fillStyle = paint.colors.ground;
  context.fillRect(0, 0, width, height);
  context.textBaseline = "middle";
  const hatch = hatching(context);
  map.cells = layOut(width, height);
  for (const cell of map.cells) cell.node.children ? drawContainer(context, cell) : drawLeaf(context, cell, hatch);
  map.drawn = true;
  placeRings();
}

// Diagonal lines for what was left behind.
function hatching(context) {
  const tile = document.createElement("canvas");
  tile.width = tile.height = 7;
  const pen = tile.getContext("2d");
  pen.strokeStyle = paint.colors.quiet;
  pen.globalAlpha = 0.5;
  pen.beginPath();
  for (const shift of [-7, 0, 7]) {
    pen.moveTo(shift, 7);
    pen.lineTo(shift + 7, 0);
  }
  pen.stroke();
  return context.createPattern(tile, "repeat");
}

// Edges on whole pixels, so that neighbours share one.
function snapped({ x, y, w, h }) {
  const [left, top] = [Math.round(x), Math.round(y)];
  return { x: left, y: top, w: Math.round(x + w) - left, h: Math.round(y + h) - top };
}

function drawContainer(context, cell) {
  const { node, header, depth } = cell;
  const { x, y, w, h } = snapped(cell);
  context.fillStyle = depth % 2 ? paint.colors.card : paint.colors.ground;
  context.fillRect(x + 0.5, y + 0.5, w - 1, h - 1);
  if (!node.dropped) {
    context.fillStyle = paint.colors[`fill-${node.kind}`];
    context.fillRect(x + 2, y + (header || 2), w - 4, h - (header || 2) - 2);
  }
  context.strokeStyle = paint.colors.line;
  context.lineWidth = 1;
  context.strokeRect(x + 0.5, y + 0.5, w - 1, h - 1);
  if (!header) return;
  context.fillStyle = paint.colors.card;
  context.fillRect(x + 1, y + 1, w - 2, header - 2);
  const strong = depth === 1;
  const size = shortened(context, bytesText(node.bytes), 0, w, false, true);
  const room = w - 12;
  context.fillStyle = paint.colors.ink;
  const name = shortened(context, node.name, strong ? 600 : 400, room, true);
  context.fillText(name.text, x + 6, y + header / 2 + 0.5);
  if (name.width + size.width + 12 <= room) {
    context.font = `11px ${paint.font}`;
    context.fillStyle = paint.colors.quiet;
    context.fillText(size.text, x + w - 6 - size.width, y + header / 2 + 0.5);
  }
}

function drawLeaf(context, cell, hatch) {
  const { node } = cell;
  const { x, y, w, h } = snapped(cell);
  context.fillStyle = node.dropped ? paint.colors.ground : paint.colors[`fill-${node.kind}`];
  context.fillRect(x, y, w, h);
  if (node.dropped) {
    context.fillStyle = hatch;
    context.fillRect(x, y, w, h);
  }
  context.strokeStyle = node.dropped ? paint.colors.quiet : paint.colors[node.kind];
  context.lineWidth = 1;
  context.globalAlpha = w > 10 && h > 10 ? 0.8 : 0.45;
  context.strokeRect(x + 0.5, y + 0.5, w, h);
  context.globalAlpha = 1;
  if (w < 38 || h < 15) return;
  const name = shortened(context, node.name, 400, w - 9, true);
  if (!name.text) return;
  if (node.dropped) {
    context.fillStyle = paint.colors.ground;
    context.fillRect(x + 3, y + 3, name.width + 4, 14);
  }
  context.fillStyle = node.dropped ? paint.colors.ink : paint.colors["on-fill"];
  context.fillText(name.text, x + 5, y + 10.5);
  if (h > 34 && w > 58 && !node.dropped) {
    context.font = `11px ${paint.font}`;
    context.globalAlpha = 0.9;
    context.fillText(bytesText(node.bytes), x + 5, y + 25);
    context.globalAlpha = 1;
  }
}

// The text that fits, with an ellipsis where not all of it does; sets the context's font.
function shortened(context, text, weight, room, cut) {
  context.font = weight ? `${weight} 12px ${paint.font}` : `11px ${paint.font}`;
  const width = context.measureText(text).width;
  if (!cut || width <= room) return { text, width };
  const keep = Math.floor((text.length * room) / width) - 1;
  for (let length = keep; length > 2; length -= 1) {
    const part = text.slice(0, length) + "…";
    const narrow = context.measureText(part).width;
    if (narrow <= room) return { text: part, width: narrow };
  }
  return { text: "", width: 0 };
}

const cellOf = (node) => map.cells.find((cell) => cell.node === node);

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
  map.at = node;
  drawCrumbs();
  drawMap();
  select(focus || null, true);
  const hidden = node.children.length - node.children.filter((entry) => cellOf(entry)).length;
  const unseen = hidden ? `; ${hidden.toLocaleString("en")} too small to draw, see the table of files` : "";
  byId("live").textContent = `${node.role === "root" ? "All packages" : node.name}, ${bytesText(node.bytes)}, ${countText(node.children.length, "part")}${unseen}. ${focus ? describe(focus) : ""}`;
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
  window.addEventListener("beforeprint", drawMap);
  window.addEventListener("afterprint", drawMap);
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
