// The graph as it is seen now: which scopes are open, what stands for what, and the
// wires between the visible ends. Knows nothing of places on the screen.

function makeGraph(data) {
  const boxes = data.boxes.map((box, i) => ({
    ...box, id: `b${i}`, isBox: true, kind: "layer", index: i, size: 0,
    children: [], items: [],
  }));
  for (const box of boxes) {
    box.parent = box.parent === null ? null : boxes[box.parent];
    box.depth = box.parent ? box.parent.depth + 1 : 0;
    if (box.parent) box.parent.children.push(box);
  }
  const rows = data.rows.map((row, i) => ({ ...row, index: i }));
  const items = data.items.map((item, i) => ({
    ...item, id: `i${i}`, index: i, box: boxes[item.box],
    rows: (item.rows || []).map((row) => rows[row]),
    made: (item.made || []).map((row) => rows[row]),
    ops: item.ops || [], size: item.size || 0, marks: item.marks || [], uses: [],
  }));
  const wires = data.wires.map((wire) => ({
    ...wire, source: items[wire.source], target: items[wire.target],
    rows: wire.rows.map((row) => rows[row]),
  }));
  for (const wire of wires) wire.source.uses.push(wire);
  for (const item of items) {
    item.box.items.push(item);
    if (isLeaf(item)) for (const row of item.rows) row.leaf = true;
    for (let box = item.box; box; box = box.parent) box.size += item.size;
  }
  return { boxes, items, rows, wires, sheet: boxes[0] };
}

function isLeaf(end) {
  return end.kind === "input" || end.kind === "parameter";
}

// --- what is open ------------------------------------------------------------------

function setOpen(graph, box, open) {
  box.open = open;
  // What is unfolded must be seen, so all around it is open too.
  if (open) for (let b = box.parent; b; b = b.parent) b.open = true;
}

// A scope with one op is a node, unless it is asked for by name: as in the SVG.
function isFrame(box) {
  return box.size > 1 || box.children.length > 0;
}

function openAll(graph, open) {
  for (const box of graph.boxes) box.open = !box.parent || (open && isFrame(box));
}

// One level more: the folded scopes that are seen; one less: the innermost open ones.
function openLevel(graph, open) {
  const seen = graph.boxes.filter((box) => box.parent && isSeen(box));
  const changed = open
    ? seen.filter((box) => !box.open && isFrame(box))
    : deepest(seen.filter((box) => box.open));
  for (const box of changed) box.open = open;
}

function deepest(boxes) {
  const depth = Math.max(...boxes.map((box) => box.depth));
  return boxes.filter((box) => box.depth === depth);
}

function isSeen(box) {
  for (let b = box.parent; b; b = b.parent) if (!b.open) return false;
  return true;
}

// --- what is seen ------------------------------------------------------------------

const CARD_INPUTS = 2; // inputs of a folded scope that still stand beside it

// Returns {ends, endOf, wires}. An end is an item, a folded box, or the card of a folded
// box's parameters; `end.place` is the open box in which it stands, and `endOf` tells
// which end stands for an item.
function visible(graph) {
  const folded = new Map(); // the outermost folded box around each box
  for (const box of graph.boxes) {
    const around = box.parent ? folded.get(box.parent) : null;
    folded.set(box, around || (box.open ? null : box));
  }
  const ends = [];
  const endOf = new Map();
  const inside = new Map(); // the leaves of each folded box
  for (const item of graph.items) {
    const box = folded.get(item.box);
    if (box) {
      if (!inside.has(box)) {
        inside.set(box, []);
        box.place = box.parent;
        ends.push(box);
      }
      endOf.set(item, box);
      if (isLeaf(item)) inside.get(box).push(item);
      continue;
    }
    item.place = item.box;
    endOf.set(item, item);
    ends.push(item);
  }
  const kept = ends.filter((end) => !movesIn(end, endOf, inside));
  const extra = [];
  for (const [box, leaves] of inside) {
    extra.push(...leavesBeside(box, leaves, endOf, kept));
  }
  const alone = withoutTwins(kept, endOf);
  return { ends: alone, endOf, wires: merged(graph.wires, endOf).concat(extra) };
}

// A leaf that is drawn again for several ops of a scope stands once beside the folded
// scope.
function withoutTwins(ends, endOf) {
  const known = new Map();
  return ends.filter((end) => {
    if (!isLeaf(end) || end.card) return true;
    const users = end.uses.map((wire) => endOf.get(wire.target));
    if (!users.length || !users[0].isBox || users.some((one) => one !== users[0])) {
      return true;
    }
    const key = `${users[0].id} ${end.rows.map((row) => row.index)}`;
    if (!known.has(key)) known.set(key, end);
    endOf.set(end, known.get(key));
    return known.get(key) === end;
  });
}

// A parameter that a scope alone uses stands in it, even where it is the first in it:
// in an open one near its op, in a folded one on its card (then this returns true).
function movesIn(item, endOf, inside) {
  if (item.kind !== "parameter" || item.isBox) return false;
  const users = item.uses.map((wire) => endOf.get(wire.target));
  if (!users.length) return false;
  const [first] = users;
  if (first.isBox && users.every((user) => user === first)) {
    inside.get(first).push(item);
    endOf.set(item, first);
    return true;
  }
  item.place = users.map((user) => user.place).reduce(shared);
  return false;
}

// The innermost box around both.
function shared(one, other) {
  while (one !== other) {
    if (one.depth >= other.depth) one = one.parent;
    else other = other.parent;
  }
  return one;
}

// A folded scope shows its parameters on a card, and its inputs, if they are few.
function leavesBeside(box, leaves, endOf, ends) {
  const inputs = leaves.filter((leaf) => leaf.kind === "input");
  if (inputs.length <= CARD_INPUTS) {
    for (const item of inputs) {
      item.place = box.parent;
      endOf.set(item, item);
      ends.push(item);
    }
  }
  const parameters = leaves.filter((leaf) => leaf.kind === "parameter");
  const rows = [...new Set(parameters.flatMap((leaf) => leaf.rows))];
  if (!rows.length) return [];
  const card = {
    id: `c${box.index}`, kind: "parameter", title: "", rows, made: [], ops: [],
    marks: cardMarks(parameters),
    quiet: parameters.some((leaf) => leaf.quiet),
    label: rows.length === 1 ? parameters[0].label : box.label, size: 0,
    place: box.parent, card: box, box: box.parent,
    repeated: parameters.every((leaf) => leaf.repeated), amount: box.card,
  };
  ends.push(card);
  const wire = { source: card, target: box, rows, beside: true, copies: 1 };
  return [{ ...wire, id: `${card.id}-${box.id}` }];
}

// What is wrong with some of the parameters is said by their names.
function cardMarks(parameters) {
  const count = (mark) => parameters.filter(
    (leaf) => leaf.marks.some((one) => one.text === mark.text)).length;
  const marks = parameters.flatMap((leaf) => leaf.marks.map((mark) => (
    count(mark) < parameters.length
      ? { ...mark, text: `${leaf.label} ${mark.text}` } : mark)));
  return oneOfAKind(marks);
}

function oneOfAKind(marks) {
  const found = new Map();
  for (const mark of [...marks].sort((a, b) => Number(b.loud) - Number(a.loud))) {
    if (!found.has(mark.text)) found.set(mark.text, mark);
  }
  return [...found.values()];
}

// One wire for each pair of ends, except that x * x has two.
function merged(wires, endOf) {
  const found = new Map();
  for (const wire of wires) {
    const source = endOf.get(wire.source);
    const target = endOf.get(wire.target);
    if (source === target) continue;
    const id = `${source.id}-${target.id}`;
    const known = found.get(id);
    if (!known) {
      const beside = wire.beside && source.place === target.place;
      const rows = [...wire.rows];
      found.set(id, {
        id, source, target, rows, beside, spine: wire.spine, copies: 1,
      });
      continue;
    }
    known.spine = known.spine || wire.spine;
    known.rows.push(...wire.rows.filter((row) => !known.rows.includes(row)));
    if (!source.isBox && !target.isBox) known.copies += 1;
  }
  return [...found.values()];
}

// The strongest of the gradients that flow on a wire: its colour is the wire's.
function strongest(rows) {
  const known = rows.filter((row) => row.norm !== undefined);
  return known.reduce(
    (best, row) => (!best || row.loud || (!best.loud && row.width > best.width)
      ? row : best), null);
}
