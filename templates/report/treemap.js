// The map: a squarified treemap on a canvas, laid out for what can be seen.

const HEADER = 19; // height of the strip with a container's name
const TINY = 3; // what would be smaller than this is not drawn by itself: its container's ground stands for it

const map = { root: null, at: null, cells: [], places: new Map(), selected: null, drawn: false };

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
  map.places = new Map(map.cells.map((cell) => [cell.node, cell]));
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
