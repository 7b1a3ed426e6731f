// Wires and what is written on them: which carry a label, and where it fits.

const SMALL_SCOPE = 3; // ops in a scope that reads without labels inside

// Gives wires their labels: one for each tensor, and none where an end of it says it.
function addLabels(seen, down) {
  const ops = new Map();
  for (const end of seen.ends) {
    if (end.kind === "op") ops.set(end.place, (ops.get(end.place) || 0) + 1);
  }
  const said = new Set();
  const main = (wire) => (wire.spine ? 0 : 1);
  for (const wire of [...seen.wires].sort((a, b) => main(a) - main(b))) {
    const { source, target, rows } = wire;
    wire.label = null;
    if (isLeaf(source) || target.kind === "output" || said.has(rows[0])) continue;
    const plain = source.kind === "op" && target.kind === "op";
    const inner = plain && source.place === target.place && source.place.parent;
    if (inner && ops.get(source.place) <= SMALL_SCOPE) continue;
    said.add(rows[0]);
    wire.label = labelOf(rows[0], down);
  }
}

function labelOf(row, down) {
  const cells = [];
  if (row.label) cells.push(cell(row.label, "tensor"));
  if (hasShape(row)) cells.push(cell(row.shape, "quiet"));
  if (row.norm !== undefined) cells.push(normCell(row, true));
  if (!cells.length) return null;
  const lines = down ? [cells] : cells.map((one) => [one]);
  const wide = (line) => line.reduce((sum, one) => sum + one.width + 6, -6);
  return {
    lines,
    width: Math.max(...lines.map(wide)),
    height: lines.reduce((sum, line) => sum + lineHeight(line), 0),
  };
}

function drawWire(route, down, words) {
  const { wire } = route;
  const best = strongest(wire.rows);
  const classes = ["wire"];
  if (best && best.zero) classes.push("zero");
  const color = best ? `w${best.color}` : "plain";
  const width = best ? best.width : 1.3;
  const group = draw("g", {
    class: classes.join(" "), "data-id": wire.id, "data-source": wire.source.id,
    "data-target": wire.target.id, tabindex: -1, role: "button",
    "aria-label": `${spoken(wire.source, words)} → ${spoken(wire.target, words)}`,
  });
  for (const points of route.beside ? [route.points] : route.ways) {
    const { shaft, head } = withArrow(points, route.beside, width);
    const d = pathOf(shaft, down, route.beside);
    group.append(draw("path", { class: "touch", d }),
      draw("path", { class: `stroke ${color}`, d, "stroke-width": width }),
      draw("path", { class: `head ${color}`, d: headPath(head, down) }));
  }
  return group;
}

// Shortens a wire by its arrowhead, which points the way that the wire arrives.
function withArrow(points, beside, width) {
  const length = 7 + width;
  const half = 2.6 + width * 0.75;
  const end = points[points.length - 1];
  const before = points[points.length - 2];
  const axis = beside ? "cross" : "main";
  const sign = end[axis] >= before[axis] ? 1 : -1;
  const base = { ...end, [axis]: end[axis] - sign * (length - 1) };
  const other = beside ? "main" : "cross";
  const foot = { ...end, [axis]: end[axis] - sign * length };
  const corner = (side) => ({ ...foot, [other]: foot[other] + side * half });
  const shaft = [...points.slice(0, -1), base];
  return { shaft, head: [end, corner(1), corner(-1)] };
}

function headPath(corners, down) {
  const xy = ({ main, cross }) => (down ? [cross, main] : [main, cross]).map(round);
  return `M${corners.map(xy).join("L")}Z`;
}

// --- labels on wires ---------------------------------------------------------------

// Labels stand above a wire, or below it where something runs above; those that would
// lie on a node or on another label are left out.
function placeLabels(placed, down) {
  const taken = new Grid();
  for (const node of placed.nodes) taken.add(node);
  for (const frame of placed.frames) {
    taken.add({ ...frame, height: 24, width: frame.box.titleWidth + 20 });
  }
  const runs = new Grid();
  for (const route of placed.routes) {
    for (const points of route.ways || [route.points]) addRun(runs, points, down);
  }
  const found = [];
  for (const route of placed.routes) {
    const { label } = route.wire;
    if (!label || route.beside) continue;
    const a = route.ways[0][route.start];
    const b = route.ways[0][route.start + 1];
    const choices = placesBy(a, b, label, down).filter((one) => !taken.hits(one));
    const place = choices.find((one) => !runs.hits(one)) || choices[0];
    if (!place) continue;
    taken.add(place);
    found.push({ label, ...place });
  }
  return found;
}

// Of a wire that climbs or falls, at its foot, where it leads away from the label.
function placesBy(a, b, { width, height }, down) {
  const main = (a.main + b.main) / 2;
  const cross = (a.cross + b.cross) / 2;
  const size = { width, height };
  const bent = Math.abs(a.cross - b.cross) > 12;
  const before = a.cross > b.cross; // on which side of its start the wire is not
  if (down) {
    const x = a.cross + (before ? 7 : -7 - width);
    const foot = { ...size, x, y: a.main + 3 };
    const y = main - height / 2 - 3;
    const level = [{ ...size, x: cross + 7, y }, { ...size, x: cross - 7 - width, y }];
    return bent ? [foot, ...level] : level;
  }
  const foot = { ...size, x: a.main + 5, y: a.cross + (before ? 4 : -4 - height) };
  const x = main - width / 2 - 3;
  const level = [{ ...size, x, y: cross - height - 4 }, { ...size, x, y: cross + 4 }];
  return bent ? [foot, ...level] : level;
}

// Notes where a wire runs, point by point.
function addRun(runs, points, down) {
  for (let i = 1; i < points.length; i++) {
    const a = points[i - 1];
    const b = points[i];
    const steps = Math.min(60, Math.ceil(Math.abs(b.main - a.main) / 16));
    for (let step = 0; step <= steps; step++) {
      const part = steps ? step / steps : 0;
      const main = a.main + (b.main - a.main) * part;
      // The bend of a cubic curve whose ends are level.
      const cross = a.cross + (b.cross - a.cross) * part * part * (3 - 2 * part);
      runs.add(down ? { x: cross, y: main, width: 1, height: 1 }
        : { x: main, y: cross, width: 1, height: 1 });
    }
  }
}

function drawLabel({ label, x, y, width }, down) {
  const group = draw("g", { class: "label" });
  for (const cells of label.lines) {
    const line = lineHeight(cells);
    let left = x;
    for (const one of cells) {
      group.append(...drawCell(one, down ? left : x + width / 2, y + line / 2,
        down ? "start" : "middle"));
      left += one.width + 6;
    }
    y += line;
  }
  return group;
}

// Rectangles by the squares of a grid that they touch: to find what overlaps quickly.
class Grid {
  constructor(size = 120) {
    this.size = size;
    this.cells = new Map();
  }

  * keys({ x, y, width, height }) {
    const { size } = this;
    for (let i = Math.floor(x / size); i <= Math.floor((x + width) / size); i++) {
      for (let j = Math.floor(y / size); j <= Math.floor((y + height) / size); j++) {
        yield `${i} ${j}`;
      }
    }
  }

  add(place) {
    for (const key of this.keys(place)) {
      if (!this.cells.has(key)) this.cells.set(key, []);
      this.cells.get(key).push(place);
    }
  }

  hits(place) {
    for (const key of this.keys(place)) {
      for (const other of this.cells.get(key) || []) {
        if (place.x < other.x + other.width && other.x < place.x + place.width
          && place.y < other.y + other.height && other.y < place.y + place.height) {
          return true;
        }
      }
    }
    return false;
  }
}
