// The page: reads the data, draws what is open, and answers to the user.

function start() {
  const data = JSON.parse(document.getElementById("data").textContent);
  const { words } = data;
  words.gradient_missing = data.gradients === "all" ? words.no_gradient
    : words.gradient_unknown;
  const graph = makeGraph(data);
  const byId = (id) => document.getElementById(id);
  const svg = byId("canvas");
  const layer = draw("g");
  svg.append(layer);
  const view = makeView(svg, layer);
  const context = { graph, words, seen: null, toggle, show };
  let down = data.down;
  let placed = null;
  let selected = null;

  for (const box of graph.boxes) box.titleWidth = widthOf(`− ${box.label}`, "caption");
  byId("legend").append(...legendParts(graph, data, words));
  byId("legend").classList.toggle("heat", data.scale.length > 0);
  if (data.problems.length) byId("legend").prepend(problemsButton());
  setUpSearch(byId("search"), byId("results"), context);

  function problemsButton() {
    const count = data.problems.length;
    const text = count > 1 ? fill(words.problems, count) : words.problem;
    const button = make("button", { type: "button", id: "problems" }, [text]);
    button.addEventListener("click", () => {
      selected = null;
      fillPanel(panelForProblems(data, context));
    });
    return button;
  }

  // --- drawing ---------------------------------------------------------------------

  function render() {
    context.seen = visible(graph);
    addLabels(context.seen, down);
    const contents = new Map(
      context.seen.ends.map((end) => [end, contentOf(end, words)]));
    placed = layOut(graph, context.seen, down, (end) => contents.get(end));
    view.bounds = { ...placed.bounds, down };
    const frames = placed.frames.map((frame) => drawFrame(frame, words));
    const wires = placed.routes.map((route) => drawWire(route, down, words));
    const labels = placeLabels(placed, down).map((one) => drawLabel(one, down));
    const nodes = placed.nodes
      .map((node) => drawNode(node, contents.get(node.end), words));
    layer.replaceChildren(...frames, ...wires, ...labels, ...nodes);
    mark();
  }

  // Draws anew, and keeps what was clicked where it is on the screen.
  function renderAround(end, change) {
    const before = end && placeOf(end);
    change();
    render();
    const after = end && placeOf(end);
    if (before && after) {
      view.pan((before.x - after.x) * view.scale, (before.y - after.y) * view.scale);
    } else {
      view.fit(true);
    }
  }

  function placeOf(end) {
    const all = [...placed.frames.map((frame) => ({ ...frame, end: frame.box })),
      ...placed.nodes];
    return all.find((one) => one.end === end);
  }

  function toggle(box) {
    renderAround(box, () => setOpen(graph, box, !box.open));
    if (selected && byId("panel").hidden === false) open(box);
    focusOn(box);
  }

  function change(how) {
    renderAround(null, how);
  }

  // --- what is chosen --------------------------------------------------------------

  function elementOf(end) {
    return layer.querySelector(`[data-id="${end.id}"]`);
  }

  function focusOn(end) {
    const element = elementOf(end);
    if (element) element.focus({ preventScroll: true });
  }

  // Moves to a node, wherever it is folded in, and marks it.
  function show(end) {
    const seen = uncovered(end);
    open(seen);
    view.center(placeOf(seen));
    focusOn(seen);
  }

  // Unfolds what hides a node, and returns what stands for it then.
  function uncovered(end) {
    if (placeOf(end)) return end;
    setOpen(graph, end.isBox ? end.parent : end.box, true);
    render();
    if (end.isBox) return end;
    // A parameter may stand on the card of a scope beside which it is drawn.
    let stands = context.seen.endOf.get(end);
    while (stands.isBox) {
      setOpen(graph, stands, true);
      render();
      stands = context.seen.endOf.get(end);
    }
    return stands;
  }

  function open(end) {
    selected = end;
    fillPanel(end.source ? panelForWire(end, context) : panelFor(end, context));
    const place = placeOf(end);
    if (place && !view.fitted) view.reveal(place);
  }

  function fillPanel(parts) {
    const panel = byId("panel");
    byId("content").replaceChildren(...parts.filter(Boolean));
    panel.hidden = false;
    panel.scrollTop = 0;
    mark();
  }

  function close() {
    byId("panel").hidden = true;
    const end = selected;
    selected = null;
    mark();
    if (end) focusOn(end);
  }

  function mark() {
    for (const old of layer.querySelectorAll(".selected")) {
      old.classList.remove("selected");
    }
    const element = selected && elementOf(selected);
    if (element) element.classList.add("selected");
  }

  function endOf(element) {
    const id = element && element.getAttribute("data-id");
    const box = graph.boxes.find((one) => one.id === id);
    if (box) return box;
    const node = placed.nodes.find((one) => one.end.id === id);
    return node ? node.end : context.seen.wires.find((wire) => wire.id === id);
  }

  // --- events ----------------------------------------------------------------------

  svg.addEventListener("click", (event) => {
    if (view.moved) return;
    const element = event.target.closest("[data-id]");
    if (!element) {
      close();
      return;
    }
    const end = endOf(element);
    if (event.target.closest(".toggle")) toggle(end);
    else open(end);
  });
  svg.addEventListener("dblclick", (event) => {
    const element = event.target.closest(".folded");
    if (element && !event.target.closest(".toggle")) toggle(endOf(element));
  });

  const buttons = {
    fit: () => view.fit(),
    closer: () => view.zoom(ZOOM.step),
    farther: () => view.zoom(1 / ZOOM.step),
    open_all: () => change(() => openAll(graph, true)),
    open_level: () => change(() => openLevel(graph, true)),
    fold_all: () => change(() => openAll(graph, false)),
    fold_level: () => change(() => openLevel(graph, false)),
    turn: () => change(() => { down = !down; }),
    theme: switchTheme,
    close,
  };
  for (const [id, action] of Object.entries(buttons)) {
    byId(id).addEventListener("click", action);
  }

  const keys = {
    "+": buttons.closer, "=": buttons.closer, "-": buttons.farther, 0: buttons.fit,
    ArrowLeft: () => view.pan(60, 0), ArrowRight: () => view.pan(-60, 0),
    ArrowUp: () => view.pan(0, 60), ArrowDown: () => view.pan(0, -60),
    Escape: close, "/": () => byId("search").focus(),
  };
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.target.closest("input")) return;
    const element = event.target.closest("#canvas [data-id]");
    if (element && (event.key === "Enter" || event.key === " ")) {
      const end = endOf(element);
      if (end.isBox && (event.key === " " || end.open)) toggle(end);
      else open(end);
      event.preventDefault();
      return;
    }
    if (event.target.closest("#panel") && event.key.startsWith("Arrow")) return;
    const action = keys[event.key];
    if (!action) return;
    event.preventDefault();
    action();
  });

  // The panel and the window take and give room: what was all seen stays so.
  new ResizeObserver(() => { if (view.fitted) view.fit(true); }).observe(svg);

  function switchTheme() {
    const root = document.documentElement;
    const dark = root.dataset.theme
      ? root.dataset.theme === "dark"
      : matchMedia("(prefers-color-scheme: dark)").matches;
    root.dataset.theme = dark ? "light" : "dark";
  }

  render();
  view.fit(true);
  // The way that shows more: a long graph reads better down a tall screen.
  if (view.scale < 1 && context.seen.ends.length < 500) {
    const across = view.fitting();
    down = !down;
    render();
    if (view.fitting() < across) {
      down = !down;
      render();
    }
    view.fit(true);
  }
}

// --- frames ------------------------------------------------------------------------

function drawFrame({ box, x, y, width, height }, words) {
  const title = drawCell({ text: `− ${box.label}`, style: "caption" }, 14, 17, "start");
  title[0].classList.add("toggle");
  return draw("g", {
    class: "frame", "data-id": box.id, tabindex: 0, role: "button",
    "aria-expanded": "true", "aria-label": spoken(box, words),
    transform: `translate(${round(x)},${round(y)})`,
  }, [draw("rect", { class: "area", width: round(width), height: round(height),
    rx: 10 }), ...title]);
}

start();
