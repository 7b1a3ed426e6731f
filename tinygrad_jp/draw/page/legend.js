// The legend: one line that says what shapes, colours and numbers mean.

const KINDS = ["input", "parameter", "op", "layer", "output"];

function legendParts(graph, data, words) {
  const kinds = new Set(graph.items.map((item) => item.kind));
  if (graph.boxes.length > 1) kinds.add("layer");
  const parts = KINDS.filter((kind) => kinds.has(kind)).map((kind) => make("span",
    { class: "key" }, [swatch(kind), words[kind]]));
  for (const remark of data.remarks) {
    parts.push(make("span", { class: remark.startsWith("∇") ? "norm" : "" }, [remark]));
  }
  for (const { color, text } of data.scale) {
    const square = draw("rect", { class: `n${color}`, width: 16, height: 12 });
    parts.push(make("span", { class: "key" },
      [draw("svg", { class: "heat", width: 16, height: 12 }, [square]), text]));
  }
  if (graph.items.some((item) => item.repeated)) {
    parts.push(make("span", {}, [words.dashed]));
  }
  if (data.too_large) parts.push(make("span", {}, [words.too_large]));
  return parts;
}

function swatch(kind) {
  const end = { kind, symbol: kind === "op" };
  const [width, height] = kind === "op" ? [15, 15] : [24, 15];
  const shapes = outline(end, width, height);
  return draw("svg", { class: `swatch ${kind}`, width: 26, height: 17,
    viewBox: `-1 -1 ${width + 2} ${height + 2}`, "aria-hidden": "true" }, shapes);
}
