// How nodes and wires look: the same shapes as in the SVG, with text that is measured.

const SVG = "http://www.w3.org/2000/svg";
const STYLES = {
  title: { size: 13, weight: 400, line: 17 },
  name: { size: 13, weight: 700, line: 17 },
  symbol: { size: 16, weight: 400, line: 20 },
  card: { size: 12, weight: 700, line: 16 },
  small: { size: 10, weight: 400, line: 13 },
  quiet: { size: 10, weight: 400, line: 13 },
  norm: { size: 10, weight: 400, line: 13 },
  value: { size: 13, weight: 400, line: 17 },
  loud: { size: 13, weight: 700, line: 21 },
  alarm: { size: 10, weight: 700, line: 18 },
  trouble: { size: 10, weight: 700, line: 13 },
  tensor: { size: 11, weight: 700, line: 14 },
  caption: { size: 14, weight: 400, line: 18 },
};
const CARD_ROWS = 4; // of a card; more are summed up
const MARKS = 2; // of a node
const CIRCLE = 33;
const ON_ALARM = new Set(["loud", "alarm"]); // styles on a ground of their own

function draw(tag, attributes = {}, children = []) {
  const element = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value !== undefined && value !== null) element.setAttribute(name, value);
  }
  element.append(...children);
  return element;
}

const rulers = new Map(); // a canvas for each style: to set a font takes long
const widths = new Map();

function widthOf(text, style) {
  const { size, weight } = STYLES[style];
  if (!rulers.has(style)) {
    const ruler = document.createElement("canvas").getContext("2d");
    ruler.font = `${weight} ${size}px ${getComputedStyle(document.body).fontFamily}`;
    rulers.set(style, ruler);
  }
  const key = `${size} ${weight} ${text}`;
  if (!widths.has(key)) widths.set(key, rulers.get(style).measureText(text).width);
  return widths.get(key);
}

function cell(text, style) {
  return { text, style, width: widthOf(text, style) + (ON_ALARM.has(style) ? 10 : 0) };
}

function normCell(row, quiet = false) {
  return cell(`∇ ${row.norm}`, !row.loud ? "norm" : quiet ? "trouble" : "loud");
}

function hasShape(row) {
  return row.shape !== "()";
}

// --- what stands in a node ---------------------------------------------------------

// Lines of cells, and the size that they need.
function contentOf(end, words) {
  if (end.isBox) return foldedContent(end, words);
  if (end.rows.length > 1) return cardContent(end, words);
  const leaf = end.kind === "input" || end.kind === "parameter";
  const style = end.symbol ? "symbol"
    : leaf || end.kind === "output" ? "name" : "title";
  const lines = [[cell(end.label || words[end.kind], style)]];
  for (const row of end.repeated ? [] : end.rows) {
    if (end.value !== undefined) lines.push([cell(end.value, end.loud ? "loud" : "value")]);
    else if (hasShape(row)) lines.push([cell(row.shape, "small")]);
    const quiet = end.quiet || end.kind === "output";
    if (row.norm !== undefined && !quiet) lines.push([normCell(row)]);
  }
  if (end.kind === "layer" && end.size > 1) lines.push([opsCell(end, words)]);
  lines.push(...remarkLines(end));
  return sized(end, lines, false);
}

function opsCell(end, words) {
  return cell(opsText(end.size, words), "quiet");
}

function opsText(size, words) {
  return size === 1 ? words.one_op : fill(words.ops, size.toLocaleString("en"));
}

function foldedContent(box, words) {
  const lines = [[cell(`+ ${box.label}`, "title")]];
  if (box.size > 1) lines.push([opsCell(box, words)]);
  lines.push(...remarkLines(box));
  return sized(box, lines, false);
}

// What the colour says, and the first of the marks; the panel has all of them.
function remarkLines(end) {
  const lines = [];
  if (end.amount && end.amount.text) lines.push([cell(end.amount.text, "small")]);
  for (const mark of end.repeated ? [] : marksOf(end).slice(0, MARKS)) {
    lines.push([cell(`⚠ ${mark.text}`, mark.loud ? "alarm" : "trouble")]);
  }
  return lines;
}

// Those of a folded scope are those of what is in it: one of a kind, the loudest first.
function marksOf(end) {
  if (!end.isBox) return end.marks || [];
  return oneOfAKind(itemsIn(end).flatMap((item) => item.marks));
}

function cardContent(end, words) {
  const lines = end.rows.slice(0, CARD_ROWS).map((row) => {
    const cells = [cell(row.label || words.parameter, "card")];
    if (end.repeated) return cells;
    cells.push(cell(row.shape, "small"));
    if (row.norm !== undefined && !end.quiet) cells.push(normCell(row));
    return cells;
  });
  const hidden = end.rows.length - CARD_ROWS;
  if (hidden > 0) lines.push([cell(fill(words.more, hidden), "small")]);
  lines.push(...remarkLines(end));
  return sized(end, lines, true);
}

// Puts cells in columns, or in the middle.
function sized(end, lines, columns) {
  const room = { x: 10, y: 6 };
  const rim = end.kind === "parameter" ? 7 : 0;
  const border = end.kind === "output" ? 4 : 0;
  const height = lines.reduce((sum, cells) => sum + lineHeight(cells), 0);
  const tabs = [];
  if (columns) {
    for (const cells of lines.filter((one) => one.length > 1)) {
      cells.forEach((one, i) => { tabs[i] = Math.max(tabs[i] || 0, one.width); });
    }
  }
  const wide = Math.max(tabs.reduce((sum, one) => sum + one + 8, -8),
    ...lines.map((cells) => (cells.length > 1 ? 0 : cells[0].width)));
  const size = {
    lines, tabs, rim,
    width: Math.max(wide + 2 * room.x + 2 * border, 30),
    height: height + 2 * room.y + rim + 2 * border,
  };
  if (end.symbol) return { ...size, width: CIRCLE, height: CIRCLE };
  return size;
}

function lineHeight(cells) {
  return Math.max(...cells.map((one) => STYLES[one.style].line));
}

// --- drawing -----------------------------------------------------------------------

function drawNode(node, content, words) {
  const { end, x, y, width, height } = node;
  const classes = ["node", end.kind];
  if (end.repeated) classes.push("repeated");
  if (end.isBox) classes.push("folded");
  const group = draw("g", {
    class: classes.join(" "), "data-id": end.id, tabindex: 0, role: "button",
    transform: `translate(${round(x)},${round(y)})`, "aria-label": spoken(end, words),
    "aria-expanded": end.isBox ? "false" : undefined,
  });
  if (end.amount) group.classList.add("heat");
  group.append(...outline(end, width, height), ...drawText(content, width, height, end));
  return group;
}

function outline(end, width, height) {
  const fill = end.amount ? ` n${end.amount.color}` : "";
  if (end.symbol) {
    const r = width / 2;
    return [draw("circle", { class: `shape${fill}`, cx: r, cy: r, r })];
  }
  if (end.kind === "parameter") {
    const rim = 5;
    const side = `A${width / 2},${rim} 0 0 `;
    return [
      draw("path", { class: `shape${fill}`, d: `M0,${rim}${side}1 ${width},${rim}V${
        height - rim}${side}1 0,${height - rim}Z` }),
      draw("path", { class: "line", d: `M0,${rim}${side}0 ${width},${rim}` }),
    ];
  }
  const rx = end.kind === "input" ? 0 : 8;
  const box = (inset, name) => draw("rect", {
    class: name, x: inset, y: inset, width: width - 2 * inset,
    height: height - 2 * inset, rx: Math.max(0, rx - inset / 2),
  });
  if (end.kind === "output") return [box(0, "rim"), box(4, `shape${fill}`)];
  return [box(0, `shape${fill}`)];
}

function drawText(content, width, height, end) {
  const made = [];
  const total = content.lines.reduce((sum, cells) => sum + lineHeight(cells), 0);
  let y = (height + content.rim - total) / 2;
  for (const cells of content.lines) {
    const line = lineHeight(cells);
    let x = 10;
    cells.forEach((one, i) => {
      const middle = !content.tabs.length;
      made.push(...drawCell(one, middle ? width / 2 : x, y + line / 2,
        middle ? "middle" : "start"));
      x += (content.tabs[i] || 0) + 8;
    });
    y += line;
  }
  if (end.isBox && made[0]) made[0].classList.add("toggle");
  return made;
}

function drawCell(one, x, y, anchor) {
  const { size, weight } = STYLES[one.style];
  const loud = ON_ALARM.has(one.style);
  const text = draw("text", {
    class: `t ${one.style}`, x: round(x + (loud && anchor === "start" ? 5 : 0)),
    y: round(y + size * 0.36), "font-size": size, "font-weight": weight,
    "text-anchor": anchor,
  }, [one.text]);
  if (!loud) return [text];
  const left = anchor === "middle" ? x - one.width / 2 : x;
  const height = STYLES[one.style].line - 3;
  const ground = draw("rect", { class: "ground", x: round(left),
    y: round(y - height / 2), width: round(one.width), height, rx: 2 });
  return [ground, text];
}

// What a screen reader says, and the search shows.
function spoken(end, words) {
  const parts = [nameOf(end) || words[end.kind], words[end.isBox ? "scope" : end.kind]];
  if (end.rows && end.rows.length === 1) parts.push(end.rows[0].shape);
  if (end.value !== undefined) parts.push(end.value);
  return parts.join(", ");
}

function nameOf(end) {
  if (end.title) return end.title;
  if (end.card && end.rows.length > 1) return end.card.title;
  return end.rows && end.rows.length === 1 ? end.rows[0].name || "" : "";
}

function fill(template, ...values) {
  let i = 0;
  return template.replace(/\{\}/g, () => String(values[i++]));
}
