// Coordinates across the layers: as near as possible to what each unit is wired to,
// with the main line straight.

const SPINE = 1e7; // the weight of the main line: nothing moves it
const GAPS = { unit: 20, bend: 10 };

// Sets unit.cross for all units. Every unit reaches from cross + lo to cross + hi.
function placeAcross(layers) {
  for (const layer of layers) {
    const start = Math.max(0, layer.findIndex((unit) => unit.spine));
    layer.forEach((unit) => { unit.cross = 0; });
    for (let i = start + 1; i < layer.length; i++) {
      layer[i].cross = layer[i - 1].cross + distance(layer[i - 1], layer[i]);
    }
    for (let i = start - 1; i >= 0; i--) {
      layer[i].cross = layer[i + 1].cross - distance(layer[i], layer[i + 1]);
    }
  }
  const forward = [["before", "from"]];
  const backward = [["after", "to"]];
  const both = [...forward, ...backward];
  for (const sides of [forward, backward, forward, backward, both, both, both]) {
    const ordered = sides === backward ? [...layers].reverse() : layers;
    for (const layer of ordered) settle(layer, sides);
  }
}

function distance(above, below) {
  const gap = above.bend && below.bend ? GAPS.bend : GAPS.unit;
  return above.hi + (above.port && below.port ? GAPS.bend : gap) - below.lo;
}

// Moves one layer as near to its wishes as its order allows.
function settle(layer, sides) {
  const wishes = layer.map((unit) => wish(unit, sides));
  const offsets = [0];
  for (let i = 1; i < layer.length; i++) {
    offsets.push(offsets[i - 1] + distance(layer[i - 1], layer[i]));
  }
  const weights = layer.map(weight);
  const found = monotone(wishes.map((w, i) => w - offsets[i]), weights);
  layer.forEach((unit, i) => { unit.cross = found[i] + offsets[i]; });
}

function weight(unit) {
  if (unit.spine) return SPINE;
  if (!unit.before.length && !unit.after.length) return 0.1;
  return unit.bend ? 4 : 1;
}

function wish(unit, sides) {
  if (unit.spine) return 0;
  let sum = 0;
  let count = 0;
  for (const [side, end] of sides) {
    for (const step of unit[side]) {
      const other = step[end];
      const theirs = (side === "before" ? other.outs : other.ins).get(step.net.id) || 0;
      const ours = (side === "before" ? unit.ins : unit.outs).get(step.net.id) || 0;
      // A bend that leads on to a bend holds a long wire straight.
      const pull = unit.bend && other.bend ? 4 : 1;
      sum += pull * (other.cross + theirs - ours);
      count += pull;
    }
  }
  return count ? sum / count : unit.cross;
}

// The nearest rising sequence, in least squares: neighbours that are out of order are
// pooled (Ayer et al. 1955, "pool adjacent violators").
function monotone(values, weights) {
  const pools = [];
  values.forEach((value, i) => {
    let pool = { value, weight: weights[i], count: 1 };
    while (pools.length && pools[pools.length - 1].value > pool.value) {
      const before = pools.pop();
      const total = before.weight + pool.weight;
      const sum = before.value * before.weight + pool.value * pool.weight;
      pool = { value: sum / total, weight: total, count: before.count + pool.count };
    }
    pools.push(pool);
  });
  return pools.flatMap((pool) => Array(pool.count).fill(pool.value));
}
