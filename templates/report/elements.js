// Elements and tables. All text becomes text nodes: nothing that the data says is ever read as markup.

const byId = (id) => document.getElementById(id);

// el("p.quiet", {title: "..."}, "text", node, null): classes by dots; properties, or attributes where a name has a dash.
function el(name, properties, ...children) {
  const [tag, ...classes] = name.split(".");
  const node = document.createElement(tag);
  if (classes.length) node.className = classes.join(" ");
  for (const [key, value] of Object.entries(properties || {})) {
    if (key.includes("-") || key === "role" || key === "scope") node.setAttribute(key, value);
    else node[key] = value;
  }
  add(node, children);
  return node;
}

function add(node, children) {
  for (const entry of children.flat()) if (entry !== null && entry !== undefined && entry !== false) node.append(entry);
  return node;
}

const fill = (node, ...children) => {
  node.replaceChildren();
  return add(node, children);
};

// Words of saddlebag's own, in which what is typed or named stands between backticks.
const prose = (text) => text.split("`").map((part, at, all) => (at % 2 && at < all.length - 1 ? el("code", {}, part) : at % 2 ? "`" + part : part));

// A bar of a share, for eyes: the number stands beside it.
function bar(share, kind) {
  const inside = el("span." + (kind || "plain"));
  inside.style.width = `${Math.min(100, Math.max(share > 0 ? 0.5 : 0, share * 100))}%`;
  return el("span.bar", { "aria-hidden": "true" }, inside);
}

// A table that is sorted by its headings, searched, and filled a part at a time.
//
// columns: {title, number, value(row) to sort by, cell(row) to show}; first: index of the column that sorts at first.
function table({ caption, columns, rows, text, sort, filters, step = 100, noun, print = 60 }) {
  const state = { sort: sort[0], down: sort[1] === "descending", query: "", filter: 0, shown: step };
  const body = el("tbody");
  const status = el("p.quiet.count", { role: "status", "aria-live": "polite" });
  const more = el("button.plain", { type: "button" });
  const texts = text && rows.map((row) => text(row).toLowerCase());
  const order = rows.map((_, at) => at);
  const values = columns.map((column) => column.value && rows.map(column.value));
  let matching = order;

  const heads = columns.map((column, at) => {
    if (!column.value) return el("th", { scope: "col" }, column.title);
    const button = el("button", { type: "button" }, column.title, el("span.arrow", { "aria-hidden": "true" }));
    button.addEventListener("click", () => {
      state.down = state.sort === at ? !state.down : !!column.number;
      state.sort = at;
      arrange();
    });
    return el("th" + (column.number ? ".number" : ""), { scope: "col" }, button);
  });

  function arrange() {
    const value = values[state.sort];
    const way = state.down ? -1 : 1;
    order.sort((a, b) => (value[a] < value[b] ? -way : value[a] > value[b] ? way : a - b));
    heads.forEach((head, at) => {
      if (!columns[at].value) return;
      head.setAttribute("aria-sort", at !== state.sort ? "none" : state.down ? "descending" : "ascending");
    });
    narrow();
  }

  function narrow() {
    const query = state.query.trim().toLowerCase();
    const passes = filters && filters[state.filter].passes;
    matching = order.filter((at) => (!passes || passes(rows[at])) && (!query || texts[at].includes(query)));
    state.shown = step;
    fill(body);
    show(0);
  }

  function show(from) {
    const part = document.createDocumentFragment();
    matching.slice(from, state.shown).forEach((row, at) => {
      const cells = columns.map((column, index) =>
        el((index === 0 ? "th" : "td") + (column.number ? ".number" : ""), index === 0 ? { scope: "row" } : {}, column.cell(rows[row])));
      part.append(el(from + at >= print ? "tr.no-print" : "tr", {}, cells));
    });
    body.append(part);
    const left = matching.length - Math.min(state.shown, matching.length);
    status.textContent = left
      ? `${countText(state.shown, noun)} of ${matching.length.toLocaleString("en")}`
      : matching.length ? countText(matching.length, noun) : `no ${noun} matches`;
    more.hidden = left === 0;
    more.textContent = `Show ${Math.min(left, step).toLocaleString("en")} more`;
  }

  more.addEventListener("click", () => {
    const from = state.shown;
    state.shown += step;
    show(from);
    const next = body.children[from] && body.children[from].querySelector("button, a");
    if (next) next.focus();
  });

  const tools = el("div.tools");
  if (text && rows.length > 5) {
    const search = el("input", { type: "search", autocomplete: "off", spellcheck: false });
    search.addEventListener("input", () => {
      state.query = search.value;
      narrow();
    });
    tools.append(el("label", {}, `Search ${plural(noun)} `, search));
  }
  if (filters) {
    const select = el("select", {}, filters.map((filter, at) => el("option", { value: String(at) }, filter.title)));
    select.addEventListener("change", () => {
      state.filter = Number(select.value);
      narrow();
    });
    tools.append(el("label", {}, "Show ", select));
  }
  tools.append(status);
  arrange();
  const drawn = el("table", {}, el("caption.unseen", {}, caption), el("thead", {}, el("tr", {}, heads)), body);
  return el("div", {}, tools, el("div.table", {}, drawn), el("p.no-print", {}, more));
}
