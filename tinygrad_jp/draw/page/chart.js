// A histogram: bars in equal steps, with the ends of the axis.

const CHART = { width: 240, height: 56, axis: 16 };

function histogram(summary, title, kind, words) {
  const { bars } = summary;
  // All alike: the minimum has said it.
  if (!bars || bars.length < 2) return null;
  const most = Math.max(...bars);
  const wide = CHART.width / bars.length;
  const shapes = bars.map((count, i) => {
    // A bar of one element among a million is still a bar.
    const height = count ? Math.max(1.5, (count / most) * (CHART.height - 4)) : 0;
    return draw("rect", {
      class: `bar ${kind}`, x: round(i * wide + 0.5), width: round(wide - 1),
      y: round(CHART.height - height), height: round(height),
    }, [draw("title", {}, [String(count)])]);
  });
  const low = Number(summary.low);
  const high = Number(summary.high);
  const marks = [
    draw("line", { class: "axis", x1: 0, x2: CHART.width, y1: CHART.height,
      y2: CHART.height }),
    axisText(summary.low, 0, "start"),
    axisText(summary.high, CHART.width, "end"),
  ];
  // Where zero lies, if it is not at an end.
  const zero = (-low / (high - low)) * CHART.width;
  if (low < 0 && high > 0) {
    marks.push(draw("line", { class: "zero", x1: round(zero), x2: round(zero), y1: 0,
      y2: CHART.height }));
    if (zero > 60 && zero < CHART.width - 60) marks.push(axisText("0", zero, "middle"));
  }
  return draw("svg", {
    class: "chart", role: "img",
    viewBox: `0 0 ${CHART.width} ${CHART.height + CHART.axis}`,
    "aria-label": fill(words.histogram, title, summary.low, summary.high),
  }, [...shapes, ...marks]);
}

function axisText(text, x, anchor) {
  return draw("text", { class: "t quiet", x: round(x), y: CHART.height + 13,
    "text-anchor": anchor, "font-size": 10.5 }, [text]);
}
