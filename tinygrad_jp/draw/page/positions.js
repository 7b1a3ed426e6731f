// From the layouts of single scopes to places on the page, and the ways of wires.

function positions(plan, down) {
  const origins = new Map();
  const nodes = [];
  const frames = [];
  const boxes = [...plan.locals.keys()].sort((a, b) => a.depth - b.depth);
  for (const box of boxes) {
    const local = plan.locals.get(box);
    if (!box.parent) origins.set(local, { main: 0, cross: 0 });
    const origin = origins.get(local);
    for (const unit of local.units) {
      unit.main = origin.main + startIn(local, unit);
      unit.middle = origin.cross + unit.cross;
      if (unit.box) {
        const place = { main: unit.main, cross: unit.middle };
        origins.set(plan.locals.get(unit.box), place);
        frames.push({ box: unit.box, ...rectangle(unit.main, unit.length,
          unit.middle + unit.lo, unit.hi - unit.lo, down) });
        continue;
      }
      nodes.push(nodeAt(unit, unit.end, unit.length / 2, 0, unit.size, down));
      for (const one of unit.places) {
        nodes.push(nodeAt(unit, one.end, one.main, one.cross, one.size, down));
      }
    }
  }
  const nodeOf = new Map(nodes.map((node) => [node.end, node]));
  const { routes } = plan;
  for (const route of routes) {
    route.points = route.beside
      ? pointsBeside(nodeOf, route.wire, down)
      : pointsAlong(plan, origins, nodeOf, route, down);
  }
  spread(routes.filter((route) => !route.beside), nodeOf, down);
  const sheet = plan.locals.get(boxes[0]);
  const bounds = rectangle(0, sheet.length, sheet.lo, sheet.hi - sheet.lo, down);
  return { nodes, frames, routes, bounds };
}

// Where a unit starts in its layer: what only hands on stands at the layer's end.
function startIn(local, unit) {
  const start = local.starts[unit.layer];
  const room = local.ends[unit.layer] - start - unit.length;
  if (!unit.before.length && unit.after.length) return start + room;
  if (!unit.after.length && unit.before.length) return start;
  return start + room / 2;
}

function nodeAt(unit, end, main, cross, size, down) {
  const place = rectangle(unit.main + main - size.main / 2, size.main,
    unit.middle + cross - size.cross / 2, size.cross, down);
  return { end, ...place };
}

function rectangle(main, length, cross, width, down) {
  return down
    ? { x: cross, y: main, width, height: length }
    : { x: main, y: cross, width: length, height: width };
}

// --- wires -------------------------------------------------------------------------

// Points are {main, cross}; a wire runs straight where cross stays, and bends between.
function pointsAlong(plan, origins, nodeOf, route, down) {
  const points = [leavingPoint(nodeOf.get(route.wire.source), down)];
  for (const edge of route.edges) {
    const { local, net } = edge;
    const origin = origins.get(local);
    const add = (main, cross) => {
      points.push({ main: origin.main + main, cross: origin.cross + cross });
    };
    const out = edge.from.cross + (edge.from.outs.get(net.id) || 0);
    add(local.ends[edge.from.layer], out);
    if (edge === route.above) route.start = points.length - 1;
    for (const bend of edge.bends) {
      add(local.starts[bend.layer], bend.cross);
      add(local.ends[bend.layer], bend.cross);
    }
    add(local.starts[edge.to.layer], edge.to.cross + (edge.to.ins.get(net.id) || 0));
  }
  points.push(arrivingPoint(nodeOf.get(route.wire.target), down));
  return points;
}

function leavingPoint(node, down) {
  return down
    ? { main: node.y + node.height, cross: node.x + node.width / 2 }
    : { main: node.x + node.width, cross: node.y + node.height / 2 };
}

function arrivingPoint(node, down) {
  return down
    ? { main: node.y, cross: node.x + node.width / 2 }
    : { main: node.x, cross: node.y + node.height / 2 };
}

// From the top of a parameter to the bottom of its op; down the page, from the left.
function pointsBeside(nodeOf, wire, down) {
  const from = nodeOf.get(wire.source);
  const to = nodeOf.get(wire.target);
  const middle = (node) => (down ? node.y + node.height / 2 : node.x + node.width / 2);
  const reach = (down ? to.height : to.width) / 2 - 8;
  const shift = Math.max(-reach, Math.min(reach, middle(from) - middle(to)));
  const slide = to.end.symbol ? shift * 0.6 : shift;
  const inset = indent(to, slide);
  return down
    ? [{ main: middle(from), cross: from.x + from.width },
      { main: middle(to) + slide, cross: to.x + inset }]
    : [{ main: middle(from), cross: from.y },
      { main: middle(to) + slide, cross: to.y + to.height - inset }];
}

// How far the border of a circle lies inside its square, off the middle.
function indent(node, shift) {
  if (!node.end.symbol) return 0;
  const radius = node.width / 2;
  return radius - Math.sqrt(Math.max(0, radius * radius - shift * shift));
}

// Several wires into one node arrive beside each other; the main line in the middle.
function spread(routes, nodeOf, down) {
  const arriving = new Map();
  for (const route of routes) {
    const { target } = route.wire;
    if (!arriving.has(target)) arriving.set(target, []);
    for (let copy = 0; copy < route.wire.copies; copy++) {
      const points = route.points.map((point) => ({ ...point }));
      arriving.get(target).push({ route, points });
    }
    route.ways = [];
  }
  for (const [target, ways] of arriving) {
    const node = nodeOf.get(target);
    const before = (way) => way.points[Math.max(0, way.points.length - 3)].cross;
    ways.sort((a, b) => before(a) - before(b));
    const spine = ways.findIndex((way) => way.route.wire.spine);
    const middle = spine < 0 ? (ways.length - 1) / 2 : spine;
    const room = (down ? node.width : node.height) / 2 - 6;
    const most = Math.max(middle, ways.length - 1 - middle, 1);
    const step = Math.min(9, room / most);
    ways.forEach((way, i) => {
      const shift = (i - middle) * step;
      const [inner, last] = way.points.slice(-2);
      inner.cross += shift;
      last.cross += shift;
      last.main += indent(node, shift);
      way.route.ways.push(way.points);
    });
  }
}

// The SVG path of points: straight where they are level, else a smooth bend.
function pathOf(points, down, beside) {
  const xy = ({ main, cross }) => (down ? [cross, main] : [main, cross]).map(round);
  let path = `M${xy(points[0])}`;
  for (let i = 1; i < points.length; i++) {
    const a = points[i - 1];
    const b = points[i];
    if (Math.abs(a.cross - b.cross) < 0.5 || (beside && Math.abs(a.main - b.main) < 0.5)) {
      path += `L${xy(b)}`;
    } else if (beside) {
      const cross = (a.cross + b.cross) / 2;
      path += `C${xy({ main: a.main, cross })} ${xy({ main: b.main, cross })} ${xy(b)}`;
    } else {
      const main = (a.main + b.main) / 2;
      path += `C${xy({ main, cross: a.cross })} ${xy({ main, cross: b.cross })} ${xy(b)}`;
    }
  }
  return path;
}

function round(value) {
  return Math.round(value * 10) / 10;
}
