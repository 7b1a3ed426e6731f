// Layers and order: which column each unit of one open scope stands in, and in which
// order they stand there. Units are nodes, open scopes (as boxes that are laid out
// already), ports where wires pass the border, and bends of long wires.

const BENDS = 20000; // of long wires; beyond that, wires run straight through

// Sets unit.layer by the longest way from a source. `edges` are {from, to, net}.
function assignLayers(units, edges) {
  const missing = new Map(units.map((unit) => [unit, 0]));
  for (const edge of edges) missing.set(edge.to, missing.get(edge.to) + 1);
  const waiting = new Set(units);
  let ready = units.filter((unit) => !missing.get(unit));
  for (const unit of units) unit.layer = unit.entry ? 0 : 1;
  while (waiting.size) {
    // A loop has no beginning: it is cut where the oldest unit of it stands.
    if (!ready.length) ready = [waiting.values().next().value];
    const unit = ready.pop();
    if (!waiting.delete(unit)) continue;
    for (const edge of unit.leaving) {
      if (!waiting.has(edge.to)) continue;
      edge.to.layer = Math.max(edge.to.layer, unit.layer + 1);
      missing.set(edge.to, missing.get(edge.to) - 1);
      if (!missing.get(edge.to)) ready.push(edge.to);
    }
  }
  // What begins here stands right before its first use.
  for (const unit of units) {
    if (unit.entry || unit.arriving.length || !unit.leaving.length) continue;
    const uses = unit.leaving.filter((edge) => !edge.to.exit);
    const first = Math.min(...uses.map((edge) => edge.to.layer));
    if (uses.length) unit.layer = Math.max(1, first - 1);
  }
  const last = units.reduce(
    (most, unit) => (unit.exit ? most : Math.max(most, unit.layer)), 0);
  for (const unit of units) if (unit.exit) unit.layer = last + 1;
  return last + 2;
}

// Cuts wires over several layers into steps, by bends that all wires of one net share.
function addBends(units, edges) {
  const steps = [];
  const bends = [];
  const known = new Map();
  let left = BENDS;
  for (const edge of edges) {
    const span = edge.to.layer - edge.from.layer;
    edge.bends = [];
    if (span < 1 || span - 1 > left) continue;
    left -= span - 1;
    let from = edge.from;
    for (let layer = edge.from.layer + 1; layer < edge.to.layer; layer++) {
      const key = `${edge.net.id} ${layer}`;
      let bend = known.get(key);
      if (!bend) {
        bend = { bend: true, net: edge.net, layer, arriving: [], leaving: [],
          lo: 0, hi: 0, length: 0, ins: new Map(), outs: new Map() };
        known.set(key, bend);
        bends.push(bend);
        steps.push({ from, to: bend, net: edge.net, spine: edge.spine });
      }
      bend.spine = bend.spine || edge.spine;
      edge.bends.push(bend);
      from = bend;
    }
    steps.push({ from, to: edge.to, net: edge.net, spine: edge.spine });
  }
  for (const unit of units) {
    unit.before = [];
    unit.after = [];
  }
  for (const bend of bends) {
    bend.before = [];
    bend.after = [];
  }
  for (const step of steps) {
    step.from.after.push(step);
    step.to.before.push(step);
  }
  return bends;
}

// Returns the layers, each a list in its order across.
function orderLayers(units, bends, count) {
  const layers = Array.from({ length: count }, () => []);
  // Bends first: skip connections then run over the main line, not under it.
  for (const unit of [...bends, ...units]) layers[unit.layer].push(unit);
  const renumber = (layer) => layer.forEach((unit, i) => { unit.rank = i; });
  layers.forEach(renumber);
  const sweep = (layer, side, end) => {
    if (layer.length < 2) return;
    for (const unit of layer) {
      const steps = unit[side];
      let sum = 0;
      for (const step of steps) sum += portRank(step[end], step.net, side);
      unit.wish = steps.length ? sum / steps.length : unit.rank;
    }
    layer.sort((a, b) => a.wish - b.wish || a.rank - b.rank);
    renumber(layer);
  };
  const passes = units.length + bends.length > 5000 ? 1 : 4;
  for (let pass = 0; pass < passes; pass++) {
    for (let i = 1; i < count; i++) sweep(layers[i], "before", "from");
    for (let i = count - 2; i >= 0; i--) sweep(layers[i], "after", "to");
  }
  return layers;
}

// A unit's rank, refined by which of its ports the wire uses.
function portRank(unit, net, side) {
  const ports = side === "before" ? unit.outs : unit.ins;
  const offset = ports.get(net.id) || 0;
  const half = Math.max(unit.hi, -unit.lo, 1);
  return unit.rank + (0.4 * offset) / half;
}
