// Moving and zooming: by pointer, wheel, two fingers, keys and buttons.

const ZOOM = { least: 0.03, most: 6, step: 1.25, legible: 0.75, margin: 24 };

function makeView(svg, layer) {
  const view = { x: 0, y: 0, scale: 1, bounds: null, moved: false, fitted: false };

  view.apply = () => {
    layer.setAttribute("transform",
      `translate(${round(view.x)},${round(view.y)}) scale(${view.scale.toFixed(4)})`);
  };

  view.zoomAt = (factor, x, y) => {
    const scale = Math.min(ZOOM.most, Math.max(ZOOM.least, view.scale * factor));
    view.x = x - ((x - view.x) * scale) / view.scale;
    view.y = y - ((y - view.y) * scale) / view.scale;
    view.scale = scale;
    view.fitted = false;
    view.apply();
  };

  view.zoom = (factor) => {
    const { width, height } = svg.getBoundingClientRect();
    view.zoomAt(factor, width / 2, height / 2);
  };

  view.pan = (x, y) => {
    view.x += x;
    view.y += y;
    view.fitted = false;
    view.apply();
  };

  // The scale at which everything is on the screen.
  view.fitting = () => {
    const { width, height } = svg.getBoundingClientRect();
    const margin = 2 * ZOOM.margin;
    return Math.min((width - margin) / view.bounds.width,
      (height - margin) / view.bounds.height, 1.6);
  };

  // Everything on the screen; or, at the start, the beginning of what is too large
  // to be read so.
  view.fit = (legible = false) => {
    const { width, height } = svg.getBoundingClientRect();
    const { bounds } = view;
    const fitting = view.fitting();
    const scale = Math.max(fitting, legible ? ZOOM.legible : ZOOM.least);
    view.scale = scale;
    view.x = startOf(width, bounds.x, bounds.width, scale, !bounds.down);
    view.y = startOf(height, bounds.y, bounds.height, scale, bounds.down);
    view.fitted = scale === fitting;
    view.apply();
  };

  view.center = (place) => {
    const { width, height } = svg.getBoundingClientRect();
    view.scale = Math.min(ZOOM.most, Math.max(view.scale, 0.9));
    view.x = width / 2 - (place.x + place.width / 2) * view.scale;
    view.y = height / 2 - (place.y + Math.min(place.height, 80) / 2) * view.scale;
    view.fitted = false;
    view.apply();
  };

  // Moves no more than is needed to see a place.
  view.reveal = (place) => {
    const { width, height } = svg.getBoundingClientRect();
    const { x, y, scale } = view;
    view.pan(pull(width, place.x * scale + x, place.width * scale),
      pull(height, place.y * scale + y, place.height * scale));
  };

  listen(svg, view);
  return view;
}

// Where a side starts: in the middle if it fits; else its beginning at the border, or,
// across the wires, the main line of the picture, which is at 0, in the middle.
function startOf(room, from, size, scale, along) {
  if (size * scale <= room - ZOOM.margin) return (room - size * scale) / 2 - from * scale;
  return along ? ZOOM.margin - from * scale : room / 2;
}

// How far to move, on one side, what stands there with such a size.
function pull(room, from, size) {
  const { margin } = ZOOM;
  if (from >= margin && from + size <= room - margin) return 0;
  if (size > room - 2 * margin) {
    return from < room / 2 && from + size > room / 2 ? 0 : margin - from;
  }
  return from < margin ? margin - from : room - margin - size - from;
}

function listen(svg, view) {
  const fingers = new Map();
  let start = null;
  const at = (event) => {
    const box = svg.getBoundingClientRect();
    return { x: event.clientX - box.left, y: event.clientY - box.top };
  };
  const middle = () => {
    const [a, b = a] = fingers.values();
    return { x: (a.x + b.x) / 2, y: (a.y + b.y) / 2,
      apart: Math.hypot(a.x - b.x, a.y - b.y) };
  };

  svg.addEventListener("wheel", (event) => {
    event.preventDefault();
    const lines = event.deltaMode === 1 ? 16 : 1;
    const { x, y } = at(event);
    view.zoomAt(Math.exp(-event.deltaY * lines * 0.0016), x, y);
  }, { passive: false });

  svg.addEventListener("pointerdown", (event) => {
    if (event.button) return;
    fingers.set(event.pointerId, at(event));
    start = middle();
    if (fingers.size === 1) view.moved = false;
  });
  svg.addEventListener("pointermove", (event) => {
    if (!fingers.has(event.pointerId)) return;
    const before = middle();
    fingers.set(event.pointerId, at(event));
    const now = middle();
    const far = Math.hypot(now.x - start.x, now.y - start.y) > 4;
    if (!view.moved && !far && fingers.size < 2) return;
    // From here on it is a drag: the click at its end shall do nothing.
    if (!view.moved) svg.setPointerCapture(event.pointerId);
    view.moved = true;
    if (fingers.size > 1 && before.apart) {
      view.zoomAt(now.apart / before.apart, now.x, now.y);
    }
    view.pan(now.x - before.x, now.y - before.y);
  });
  for (const name of ["pointerup", "pointercancel"]) {
    svg.addEventListener(name, (event) => fingers.delete(event.pointerId));
  }
}
