// The layout: every open scope by itself, from the inside out, as one unit of the scope
// around it. "Main" is the way along the wires, "cross" the way across them; only the
// last step turns them into x and y.

const ROOM = { pad: 14, title: 24, gap: 34, port: 26, beside: 24, between: 10 };
const STEEP = 0.22; // how much wider a gap is for wires that change their height

// Returns {nodes, frames, routes, bounds}; the main line is at 0 across.
function layOut(graph, seen, down, sizeOf) {
  const plan = makePlan(graph, seen, down, sizeOf);
  const boxes = [...plan.locals.keys()].sort((a, b) => b.depth - a.depth);
  for (const box of boxes) layOutBox(plan.locals.get(box), down);
  return positions(plan, down);
}

// --- what belongs to which scope ---------------------------------------------------

function makePlan(graph, seen, down, sizeOf) {
  const plan = { locals: new Map(), unitOf: new Map(), routes: [], down, sizeOf };
  const localOf = (box) => {
    if (!plan.locals.has(box)) {
      plan.locals.set(box, {
        box, units: [], edges: new Map(), entries: new Map(), exits: new Map(),
      });
      if (box.parent) {
        const unit = makeUnit({ box });
        plan.locals.get(box).unit = unit;
        plan.unitOf.set(box, unit);
        localOf(box.parent).units.push(unit);
      }
    }
    return plan.locals.get(box);
  };
  localOf(graph.sheet);
  const beside = satellites(seen);
  for (const end of seen.ends) {
    if (beside.has(end)) continue;
    const local = localOf(end.place);
    const unit = makeUnit({ end });
    plan.unitOf.set(end, unit);
    local.units.push(unit);
  }
  for (const [end, target] of beside) {
    plan.unitOf.get(target).beside.push(end);
    plan.unitOf.set(end, plan.unitOf.get(target));
  }
  for (const unit of plan.unitOf.values()) if (unit.end) measureUnit(unit, down, sizeOf);
  const nets = new Map();
  for (const wire of seen.wires) {
    if (beside.get(wire.source) === wire.target) {
      plan.routes.push({ wire, beside: true });
      continue;
    }
    if (!nets.has(wire.source)) nets.set(wire.source, { id: wire.source.id });
    plan.routes.push(planRoute(plan, wire, nets.get(wire.source)));
  }
  return plan;
}

function makeUnit(fields) {
  return { beside: [], arriving: [], leaving: [], before: [], after: [],
    ins: new Map(), outs: new Map(), ...fields };
}

// The leaves that stand beside their target, as parameters stand under their op.
function satellites(seen) {
  const uses = new Map();
  const fed = new Set();
  for (const wire of seen.wires) {
    uses.set(wire.source, (uses.get(wire.source) || 0) + 1);
    if (!isLeaf(wire.source)) fed.add(wire.target);
  }
  const found = new Map();
  for (const wire of seen.wires) {
    const { source, target } = wire;
    if (!isLeaf(source) || source.place !== target.place) continue;
    const alone = source.kind === "parameter" && uses.get(source) === 1;
    if (wire.beside || (alone && fed.has(target))) {
      if (!found.has(source)) found.set(source, target);
    }
  }
  return found;
}

// A node with what stands beside it: under it across the page, left of it down the page.
function measureUnit(unit, down, sizeOf) {
  const size = sizeOf(unit.end);
  unit.size = along(size, down);
  const sizes = unit.beside.map((end) => along(sizeOf(end), down));
  const total = sizes.reduce((sum, one) => sum + one.main + ROOM.between,
    -ROOM.between);
  const deep = Math.max(0, ...sizes.map((one) => one.cross));
  unit.length = Math.max(unit.size.main, total);
  unit.lo = -unit.size.cross / 2;
  unit.hi = unit.size.cross / 2;
  let main = (unit.length - Math.max(total, 0)) / 2;
  unit.places = unit.beside.map((end, i) => {
    const edge = ROOM.beside + sizes[i].cross / 2;
    const cross = down ? unit.lo - edge : unit.hi + edge;
    const place = { end, main: main + sizes[i].main / 2, cross, size: sizes[i] };
    main += sizes[i].main + ROOM.between;
    unit.outs.set(end.id, cross);
    return place;
  });
  if (!unit.beside.length) return;
  if (down) unit.lo -= ROOM.beside + deep;
  else unit.hi += ROOM.beside + deep;
}

function along(size, down) {
  return down
    ? { main: size.height, cross: size.width }
    : { main: size.width, cross: size.height };
}

// Cuts a wire at the borders of scopes: one edge in each scope that it runs through.
function planRoute(plan, wire, net) {
  let from = wire.source.place;
  let to = wire.target.place;
  const leaving = [];
  const entering = [];
  while (from !== to) {
    if (from.depth >= to.depth) {
      leaving.push(from);
      from = from.parent;
    } else {
      entering.push(to);
      to = to.parent;
    }
  }
  const top = plan.locals.get(from);
  const edges = [];
  let unit = plan.unitOf.get(wire.source);
  for (const box of leaving) {
    const local = plan.locals.get(box);
    edges.push(joined(local, net, unit, port(local, "exits", net), wire));
    unit = plan.unitOf.get(box);
  }
  const path = [...entering].reverse();
  const last = plan.unitOf.get(wire.target);
  edges.push(joined(top, net, unit, path.length ? plan.unitOf.get(path[0]) : last,
    wire));
  const above = edges[edges.length - 1]; // in the scope around both ends
  path.forEach((box, i) => {
    const local = plan.locals.get(box);
    const next = i + 1 < path.length ? plan.unitOf.get(path[i + 1]) : last;
    edges.push(joined(local, net, port(local, "entries", net), next, wire));
  });
  if (wire.label) above.label = wire.label;
  return { wire, edges, above };
}

function port(local, side, net) {
  if (!local[side].has(net)) {
    const unit = makeUnit({ net, port: true, lo: 0, hi: 0, length: 0 });
    unit[side === "entries" ? "entry" : "exit"] = true;
    local[side].set(net, unit);
  }
  return local[side].get(net);
}

function joined(local, net, from, to, wire) {
  const key = `${net.id} ${to.port ? (to.exit ? "out" : "in") : (to.end || to.box).id}`;
  let edge = local.edges.get(key);
  if (!edge) {
    edge = { net, from, to, local, bends: [] };
    local.edges.set(key, edge);
    if (from !== to) {
      from.leaving.push(edge);
      to.arriving.push(edge);
    }
  }
  if (wire.spine) edge.spine = from.spine = to.spine = true;
  return edge;
}

// --- one scope ---------------------------------------------------------------------

function layOutBox(local, down) {
  const units = [...local.entries.values(), ...local.units, ...local.exits.values()];
  const edges = [...local.edges.values()].filter((edge) => edge.from !== edge.to);
  const count = assignLayers(units, edges);
  if (!edges.some((edge) => edge.spine)) chooseSpine(units);
  const bends = addBends(units, edges);
  const layers = orderLayers(units, bends, count);
  placeAcross(layers);
  local.layers = layers;
  placeAlong(local, edges, down);
  const all = layers.flat();
  const pad = local.box.parent ? ROOM.pad : 0;
  let lo = all.reduce((least, unit) => Math.min(least, unit.cross + unit.lo), 0) - pad;
  let hi = all.reduce((most, unit) => Math.max(most, unit.cross + unit.hi), 0) + pad;
  for (const { from, net, label } of edges.filter((edge) => edge.label)) {
    const cross = from.cross + (from.outs.get(net.id) || 0);
    if (down) hi = Math.max(hi, cross + label.width + 14);
    else lo = Math.min(lo, cross - label.height - 10);
  }
  if (local.box.parent) {
    const wide = local.box.titleWidth + 2 * ROOM.pad;
    if (down) {
      hi = Math.max(hi, lo + wide);
    } else {
      lo -= ROOM.title;
      local.length = Math.max(local.length, wide);
    }
  }
  local.ends[count - 1] = local.starts[count - 1] = local.length;
  Object.assign(local, { lo, hi });
  if (!local.unit) return;
  Object.assign(local.unit, { lo, hi, length: local.length });
  for (const [net, one] of local.entries) local.unit.ins.set(net.id, one.cross);
  for (const [net, one] of local.exits) local.unit.outs.set(net.id, one.cross);
}

// Where no main line of the picture runs through, the longest way is the main line.
function chooseSpine(units) {
  const rank = (unit) => unit.layer * 2 + (unit.exit ? 1 : 0);
  let unit = units.reduce((best, one) => (rank(one) > rank(best) ? one : best));
  const passed = new Set();
  while (unit && !passed.has(unit)) {
    passed.add(unit);
    unit.spine = true;
    const steps = unit.arriving.filter((edge) => edge.from.layer < unit.layer);
    const edge = steps.reduce(
      (best, one) => (best && best.from.layer >= one.from.layer ? best : one), null);
    if (edge) edge.spine = true;
    unit = edge && edge.from;
  }
}

// Sets where each layer starts and ends along the main way.
function placeAlong(local, edges, down) {
  const { layers } = local;
  const gaps = layers.map(() => ROOM.gap);
  for (const edge of edges) {
    const layer = edge.from.layer;
    if (edge.label) {
      gaps[layer] = Math.max(gaps[layer], along(edge.label, down).main + 26);
    }
    const steps = [edge.from, ...edge.bends, edge.to];
    for (let i = 1; i < steps.length; i++) {
      const a = steps[i - 1].cross + (steps[i - 1].outs.get(edge.net.id) || 0);
      const b = steps[i].cross + (steps[i].ins.get(edge.net.id) || 0);
      const at = steps[i - 1].layer;
      const steep = Math.min(90, 20 + STEEP * Math.abs(a - b));
      gaps[at] = Math.max(gaps[at], steep);
    }
  }
  const last = layers.length - 1;
  const plain = local.box.parent ? ROOM.pad : 0;
  if (!layers[0].length) gaps[0] = plain;
  else gaps[0] = Math.max(ROOM.port, gaps[0] - 8);
  if (local.box.parent && down) gaps[0] += ROOM.title;
  gaps[last - 1] = layers[last].length ? Math.max(plain, gaps[last - 1] - 16) : plain;
  local.starts = [];
  local.ends = [];
  let main = 0;
  layers.forEach((layer, i) => {
    local.starts.push(main);
    main += layer.reduce((most, unit) => Math.max(most, unit.length), 0);
    local.ends.push(main);
    main += i < last ? gaps[i] : 0;
  });
  local.length = main;
}
