// What the page shows is worked out anew for each step, so any step can follow any.

const data = JSON.parse(document.getElementById("data").textContent);
const last = data.steps.length - 1;
const pause = 3500; // milliseconds
const svgns = "http://www.w3.org/2000/svg";
const by = (id) => document.getElementById(id);
const stage = by("stage");
const picture = stage.querySelector("svg");
const slider = by("slider");
let step = 0;
let timer = null;

function make(name, text, look) {
  const made = document.createElement(name);
  if (text !== undefined) made.textContent = text;
  if (look) made.className = look;
  return made;
}

// --- the picture ------------------------------------------------------------------

const forward = "#1e293b"; // of the track of values

// The pieces of a wire: tracks of both directions, and the figures between them.
function wire(name, lines) {
  const all = [...picture.querySelectorAll(`g.${name}`)];
  const found = {ahead: [], back: []};
  for (const one of all) {
    if (one.classList.contains("back")) found.back.push(one);
    else if (one.classList.contains("forward")) found.ahead.push(one);
    else if (one.classList.contains("tensor")) split(one, lines, found);
    else found.ahead.push(one);
  }
  return found;
}

// Figures beneath the track of values belong to the gradient; where an engine draws no
// tracks, those after the lines of the value.
function split(piece, lines, found) {
  const shapes = [...piece.querySelectorAll("text, polygon")];
  const rail = shapes.find((one) => one.tagName === "polygon"
    && one.getAttribute("fill") === forward);
  if (!rail) {
    const all = [...piece.querySelectorAll("text")];
    const texts = all.filter((one) => one.textContent.trim());
    found.ahead.push(...texts.slice(0, lines));
    found.back.push(...texts.slice(lines));
    return;
  }
  const {y, height} = rail.getBBox();
  for (const one of shapes) {
    const box = one.getBBox();
    const beneath = box.y + box.height / 2 > y + height;
    (beneath ? found.back : found.ahead).push(one);
  }
}

// A leaf of many uses stands at each of them.
const nodes = data.values.map((_, i) => [...picture.querySelectorAll(`g.node.v${i}`)]);
const wires = data.uses.map(({source}, i) => wire(`u${i}`, data.values[source].lines));
const outputs = data.values.map((value, i) => (
  value.seed ? wire(`o${i}`, value.lines) : null
));

const output = data.values.findIndex((value) => value.seed);

const badges = data.values.map((value, i) => (
  value.parts.length + value.seed ? nodes[i].map(badgeOf) : []
));

// A round mark at the upper right of a circle, or above a name.
function badgeOf(node) {
  const circle = node.querySelector("ellipse");
  const box = (circle || node).getBBox();
  const badge = document.createElementNS(svgns, "g");
  const ground = document.createElementNS(svgns, "circle");
  const text = document.createElementNS(svgns, "text");
  badge.setAttribute("class", "badge");
  const right = box.x + box.width * (circle ? 0.87 : 0.5);
  const down = circle ? box.y + 0.11 * box.height : box.y - 8;
  badge.setAttribute("transform", `translate(${right} ${down})`);
  ground.setAttribute("r", "8");
  text.setAttribute("y", "4");
  badge.append(ground, text);
  node.append(badge);
  return badge;
}

function turn(elements, look, on) {
  for (const one of elements) one.classList.toggle(look, on);
}

function drawWire(parts, madeAt, givenAt, now) {
  turn(parts.ahead, "unseen", step < madeAt);
  turn(parts.back, "unseen", givenAt === null || step < givenAt);
  turn(parts.back, "given", givenAt === step);
  turn(parts.back, "arrived", now && givenAt !== null && givenAt < step);
}

function draw() {
  const {kind, place} = data.steps[step];
  data.uses.forEach((use, i) => {
    const arrives = kind === "visit" && use.source === place;
    drawWire(wires[i], data.values[use.source].made, use.given, arrives);
    turn(wires[i].ahead, "lit", kind === "forward" && use.user === place);
  });
  data.values.forEach((value, i) => {
    const here = i === place && kind !== "end";
    if (value.seed) {
      drawWire(outputs[i], value.made, data.seed, kind === "visit" && i === place);
    }
    const arrived = value.parts.filter((one) => data.uses[one].given <= step).length;
    const seeded = value.seed && step >= data.seed;
    const total = value.parts.length + value.seed;
    const open = total - arrived - seeded;
    const begun = arrived + seeded > 0;
    const leaf = value.visit === null;
    const done = leaf ? total > 0 && !open : value.visit < step;
    turn(nodes[i], "unseen", step < value.made);
    turn(nodes[i], "now", here);
    turn(nodes[i], "done", done && !here);
    turn(nodes[i], "waits", begun && open > 0);
    turn(badges[i], "gone", !open || step < data.seed);
    for (const badge of badges[i]) badge.querySelector("text").textContent = open;
  });
  if (kind !== "end") bringIntoView(nodes[place ?? (kind === "seed" ? output : 0)][0]);
}

// --- its size ---------------------------------------------------------------------

const natural = picture.viewBox.baseVal;
const SMALLEST = 1.1;
const LARGEST = 2.2;

function fit() {
  const wide = (stage.clientWidth - 16) / natural.width;
  const high = (stage.clientHeight - 16) / natural.height;
  const scale = Math.max(SMALLEST, Math.min(wide, high, LARGEST));
  picture.setAttribute("width", natural.width * scale);
  picture.setAttribute("height", natural.height * scale);
}

function bringIntoView(node) {
  const inside = node.getBoundingClientRect();
  const frame = stage.getBoundingClientRect();
  const right = inside.left + inside.width / 2 - frame.left - frame.width / 2;
  const down = inside.top + inside.height / 2 - frame.top - frame.height / 2;
  stage.scrollBy({left: right, top: down});
}

// --- the text ---------------------------------------------------------------------

function write() {
  const panel = by("panel");
  const {title, sections, kind} = data.steps[step];
  const parts = [make("h2", title)];
  for (const {head, lines, table} of sections) {
    const section = make("section");
    section.append(make("h3", head));
    for (const [text, look] of lines) section.append(make("p", text, look));
    if (table.length) section.append(written(table));
    parts.push(section);
  }
  panel.replaceChildren(...parts);
  panel.className = kind;
  panel.scrollTop = 0;
}

function written([head, ...rows]) {
  const table = make("table");
  const top = table.createTHead().insertRow();
  for (const text of head) {
    const cell = make("th", text);
    cell.scope = "col";
    top.append(cell);
  }
  const body = table.createTBody();
  for (const row of rows) {
    const line = body.insertRow();
    for (const text of row) line.insertCell().textContent = text;
  }
  return table;
}

// --- going ------------------------------------------------------------------------

function go(to) {
  step = Math.max(0, Math.min(last, to));
  slider.value = step;
  const said = data.words.step.split("{}");
  by("count").textContent = `${said[0]}${step + 1}${said[1]}${last + 1}${said[2] || ""}`;
  slider.setAttribute("aria-valuetext", data.steps[step].title);
  by("first").disabled = by("previous").disabled = step === 0;
  by("last").disabled = by("next").disabled = step === last;
  draw();
  write();
  try {
    history.replaceState(null, "", `#${step + 1}`);
  } catch { /* a frame that has no address of its own */ }
}

function stop() {
  clearInterval(timer);
  timer = null;
  document.body.classList.remove("playing");
  name(by("play"), data.words.play);
}

function play() {
  if (timer !== null) {
    stop();
    return;
  }
  document.body.classList.add("playing");
  name(by("play"), data.words.pause);
  go(step === last ? 0 : step + 1);
  timer = setInterval(() => {
    go(step + 1);
    if (step === last) stop();
  }, pause);
}

function name(button, said) {
  button.title = said;
  button.setAttribute("aria-label", said);
}

function jump(to) {
  if (timer !== null) stop();
  go(to);
}

const goes = {
  first: () => jump(0),
  previous: () => jump(step - 1),
  next: () => jump(step + 1),
  last: () => jump(last),
  backward: () => jump(data.seed),
  play,
};
for (const [id, act] of Object.entries(goes)) by(id).addEventListener("click", act);

const keys = {
  ArrowLeft: "previous", ArrowRight: "next", PageUp: "previous", PageDown: "next",
  Home: "first", End: "last", " ": "play", b: "backward", B: "backward",
};
document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || !(event.key in keys)) return;
  if (event.key === " " && event.target.tagName === "BUTTON") return;
  event.preventDefault();
  goes[keys[event.key]]();
});
slider.addEventListener("input", () => jump(Number(slider.value)));

by("theme").addEventListener("click", () => {
  const dark = getComputedStyle(document.body).backgroundColor !== "rgb(255, 255, 255)";
  document.documentElement.dataset.theme = dark ? "light" : "dark";
});

by("forward-part").style.flexGrow = data.seed;
by("backward-part").style.flexGrow = last + 1 - data.seed;
new ResizeObserver(() => {
  fit();
  draw();
}).observe(stage);
fit();
go(Number(location.hash.slice(1) || 1) - 1 || 0);
