// Search by name, op and shape, in everything: what is folded is found as well.

const RESULTS = 50; // shown at once

function makeIndex(graph, words) {
  const entries = [];
  for (const box of graph.boxes) {
    if (box.parent) entries.push(entry(box, [box.title], [words.scope]));
  }
  for (const item of graph.items) {
    const names = [item.title, ...item.rows.map((row) => row.name || "")];
    // What an op makes has a name of its own: it is found under that too.
    const made = item.made.flatMap((row) => [row.name || "", row.shape]);
    const others = [...item.ops, ...item.rows.map((row) => row.shape), ...made];
    entries.push(entry(item, names, [...others, words[item.kind]]));
  }
  return entries;
}

function entry(end, names, others) {
  return { end, names: names.filter(Boolean), texts: [...names, ...others].filter(Boolean) };
}

// Best first: the name itself, then what begins like it, then all others.
function find(index, text) {
  const wanted = text.toLowerCase();
  if (!wanted) return [];
  const score = ({ names, texts }) => {
    if (names.includes(text)) return 0;
    const lower = names.map((name) => name.toLowerCase());
    if (lower.includes(wanted)) return 1;
    if (lower.some((name) => name.startsWith(wanted))) return 2;
    return texts.some((one) => one.includes(text) || one.toLowerCase().includes(wanted))
      ? 3 : 4;
  };
  return index
    .map((one, i) => ({ end: one.end, score: score(one), i }))
    .filter((one) => one.score < 4)
    .sort((a, b) => a.score - b.score || a.i - b.i)
    .map((one) => one.end);
}

function setUpSearch(field, results, context) {
  const { words } = context;
  const index = makeIndex(context.graph, words);
  let chosen = 0;

  const choose = (place) => {
    const options = [...results.querySelectorAll("[role=option]")];
    if (!options.length) return;
    chosen = (place + options.length) % options.length;
    options.forEach((option, i) => {
      option.setAttribute("aria-selected", String(i === chosen));
    });
    options[chosen].scrollIntoView({ block: "nearest" });
    field.setAttribute("aria-activedescendant", options[chosen].id);
  };

  const close = () => {
    results.hidden = true;
    field.setAttribute("aria-expanded", "false");
    field.removeAttribute("aria-activedescendant");
  };

  const go = (end) => {
    close();
    context.show(end);
  };

  const update = () => {
    const found = find(index, field.value);
    const shown = found.slice(0, RESULTS);
    results.replaceChildren(...shown.map((end, i) => option(end, i, words, go)));
    const count = !found.length ? words.nothing
      : found.length > RESULTS ? fill(words.found_first, found.length, RESULTS)
        : fill(words.found, found.length);
    results.append(make("li", { class: "count", role: "presentation" }, [count]));
    results.hidden = !field.value;
    field.setAttribute("aria-expanded", String(!results.hidden));
    choose(0);
  };

  field.addEventListener("input", update);
  field.addEventListener("focus", () => { if (field.value) update(); });
  field.addEventListener("keydown", (event) => {
    if (event.isComposing) return; // Enter ends a Japanese word first
    if (event.key === "ArrowDown") choose(chosen + 1);
    else if (event.key === "ArrowUp") choose(chosen - 1);
    else if (event.key === "Escape") close();
    else if (event.key === "Enter") {
      const found = find(index, field.value);
      if (found[chosen]) go(found[chosen]);
    } else return;
    event.stopPropagation();
    event.preventDefault();
  });
  document.addEventListener("pointerdown", (event) => {
    if (!event.target.closest(".search")) close();
  });
}

function option(end, i, words, go) {
  const kind = end.isBox ? words.scope : words[end.kind];
  const around = [];
  for (let box = end.isBox ? end.parent : end.box; box && box.parent; box = box.parent) {
    around.unshift(box.title);
  }
  const shapes = end.isBox ? "" : (end.rows.length ? end.rows : end.made)
    .map((row) => row.shape).join(" ");
  const item = make("li", { role: "option", id: `result-${i}`, "data-id": end.id }, [
    make("b", {}, [nameOf(end) || kind]),
    make("span", {}, [[kind, shapes, around.join(" / ")].filter(Boolean).join(" · ")]),
  ]);
  item.addEventListener("click", () => go(end));
  return item;
}
