// The panel: everything that is known of one node, scope or wire.

const PANEL_ROWS = 8; // arrays shown in full; more are counted

function make(tag, attributes = {}, children = []) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value !== undefined) element.setAttribute(name, value);
  }
  element.append(...children.filter((child) => child !== null));
  return element;
}

function panelFor(end, context) {
  const { words } = context;
  const kind = end.isBox ? words.scope : words[end.kind];
  const name = nameOf(end);
  const parts = [heading(name || kind, name ? kind : "")];
  if (end.repeated) parts.push(make("p", {}, [words.drawn]));
  parts.push(problems(end, context));
  if (end.isBox) parts.push(...scopeParts(end, context));
  else if (end.size > 1) parts.push(calls(end.ops, end.size, words));
  else if (end.ops.length) parts.push(make("pre", { class: "call" }, [end.ops[0]]));
  parts.push(...rowParts(rowsOf(end, context), end, words));
  parts.push(neighbours(end, context));
  return parts;
}

function panelForWire(wire, context) {
  const { words } = context;
  const name = wire.rows.length === 1 ? wire.rows[0].name || "" : "";
  const parts = [heading(name || words.wire, name ? words.wire : "")];
  const ends = make("div", { class: "links" });
  ends.append(link(wire.source, context), " → ", link(wire.target, context));
  parts.push(ends, ...rowParts(wire.rows, wire, words));
  return parts;
}

function heading(name, kind) {
  const title = make("h2", { class: "name" }, [name]);
  return make("header", {}, [title, kind ? make("p", { class: "kind" }, [kind]) : null]);
}

// The arrays that a node shows or makes; of a scope, those that leave it.
function rowsOf(end, context) {
  if (end.rows && end.rows.length) return end.rows;
  if (end.made && end.made.length) return end.made;
  if (!end.isBox) return [];
  const inside = (item) => {
    for (let box = item.box; box; box = box.parent) if (box === end) return true;
    return false;
  };
  const leaving = context.graph.wires.filter(
    (wire) => inside(wire.source) && !inside(wire.target));
  return [...new Set(leaving.flatMap((wire) => wire.rows))];
}

function problems(end, { words }) {
  const parts = [];
  const marks = marksOf(end);
  if (marks.length) {
    const lines = marks.map((mark) => make("li", {}, [`⚠ ${mark.detail}`]));
    parts.push(section(words.trouble, [make("ul", { class: "marks" }, lines)]));
  }
  if (end.amount && end.amount.full) {
    parts.push(section(words.cost, [make("p", {}, [end.amount.full])]));
  }
  return parts.length ? make("div", {}, parts) : null;
}

function scopeParts(box, context) {
  const { words } = context;
  const items = itemsIn(box);
  const ops = items.flatMap((item) => item.ops);
  const parameters = items.filter((item) => item.kind === "parameter");
  const rows = [...new Set(parameters.flatMap((item) => item.rows))];
  const toggle = make("button", { type: "button", class: "wide" },
    [box.open ? words.fold : words.unfold]);
  toggle.addEventListener("click", () => context.toggle(box));
  const parts = [toggle, calls(ops, box.size, words)];
  if (rows.length) parts.push(section(words.parameter_list, [parameterTable(rows, words)]));
  return parts;
}

function itemsIn(box) {
  return [...box.items, ...box.children.flatMap(itemsIn)]
    .sort((a, b) => a.index - b.index);
}

function calls(ops, size, words) {
  const shown = ops.slice(0, 12);
  const lines = shown.map((op) => make("li", {}, [make("code", {}, [op])]));
  if (size > shown.length) {
    const more = fill(words.more, (size - shown.length).toLocaleString("en"));
    lines.push(make("li", { class: "quiet" }, [more]));
  }
  return section(`${words.contents}: ${opsText(size, words)}`, [make("ol", {}, lines)]);
}

function parameterTable(rows, words) {
  const lines = rows.slice(0, 40).map((row) => make("tr", {}, [
    make("th", { scope: "row" }, [row.name || words.parameter]),
    make("td", {}, [row.shape]),
    make("td", { class: row.loud ? "loud" : "norm" },
      [row.norm === undefined ? "" : `∇ ${row.norm}`]),
  ]));
  const table = make("table", {}, lines);
  if (rows.length <= 40) return table;
  return make("div", {}, [table, fill(words.more, rows.length - 40)]);
}

// All that is wrong, and the ways to it.
function panelForProblems(data, context) {
  const lines = data.problems.map((text) => make("li", {}, [`⚠ ${text}`]));
  const ends = context.graph.items.filter(
    (item) => item.marks.some((mark) => mark.loud) && !item.repeated);
  const links = ends.slice(0, 40).map((end) => link(end, context));
  return [heading(context.words.trouble, ""), make("ul", { class: "marks" }, lines),
    make("div", { class: "links" }, links)];
}

// --- arrays ------------------------------------------------------------------------

function rowParts(rows, end, words) {
  const shown = rows.slice(0, PANEL_ROWS);
  const title = (row) => (rows.length > 1 || row.name !== nameOf(end)
    ? row.name || (end.isBox || end.made ? words.result : "") : "");
  const parts = shown.map((row) => rowSection(row, title(row), words));
  if (rows.length > shown.length) {
    parts.push(make("p", {}, [fill(words.more, rows.length - shown.length)]));
  }
  return parts;
}

function rowSection(row, title, words) {
  const size = row.value || row.grad;
  const facts = [[words.shape, row.shape], [words.dtype, row.dtype]];
  if (size) facts.push([words.elements, size.size]);
  const parts = [
    list(facts),
    summaryPart(row.value, words.values, words.value_unknown, "value", words),
    summaryPart(row.grad, words.gradient_title, words.gradient_missing, "gradient", words),
    row.leaf && !row.site ? null : section(words.source, row.site
      ? [make("pre", { class: "site" }, [row.site])]
      : [make("p", { class: "quiet" }, [words.no_source])]),
  ];
  return title ? make("section", { class: "row" }, [make("h3", {}, [title]), ...parts])
    : make("section", { class: "row" }, parts);
}

function summaryPart(summary, title, unknown, kind, words) {
  if (!summary) {
    return section(title, [make("p", { class: "quiet" }, [unknown])], kind);
  }
  const facts = [];
  if (summary.elements) {
    facts.push([words.elements, summary.elements.join(", "), "elements"]);
  }
  for (const [name, key] of [["minimum", "low"], ["mean", "mean"], ["maximum", "high"]]) {
    if (summary[key] !== undefined) facts.push([words[name], summary[key]]);
  }
  facts.push([words.zeros, summary.zeros || "0"]);
  facts.push([words.nans, summary.nans || "0", summary.nans ? "loud" : ""]);
  if (summary.infinities) facts.push([words.infinities, summary.infinities, "loud"]);
  if (kind === "gradient") {
    facts.push([words.norm_short, summary.norm], [words.rms, summary.rms]);
  }
  return section(title, [list(facts), histogram(summary, title, kind, words)], kind);
}

function list(facts) {
  const pairs = facts.map(([name, value, style]) => make("div", {}, [
    make("dt", {}, [name]), make("dd", style ? { class: style } : {}, [value]),
  ]));
  return make("dl", {}, pairs);
}

function section(title, children, name) {
  return make("section", { class: name }, [make("h4", {}, [title]), ...children]);
}

// --- ways on -----------------------------------------------------------------------

function neighbours(end, context) {
  const { words, seen } = context;
  const before = seen.wires.filter((wire) => wire.target === end);
  const after = seen.wires.filter((wire) => wire.source === end);
  const line = (title, ends) => (ends.length
    ? section(title, [make("div", { class: "links" },
      [...new Set(ends)].slice(0, 20).map((one) => link(one, context)))]) : null);
  const lines = [line(words.takes, before.map((wire) => wire.source)),
    line(words.gives, after.map((wire) => wire.target))];
  return make("nav", {}, lines);
}

function link(end, context) {
  const name = end.label || nameOf(end) || context.words[end.kind];
  const button = make("button", { type: "button", class: "link" }, [name]);
  button.addEventListener("click", () => context.show(end));
  return button;
}
