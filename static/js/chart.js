// The chart of a slot's figures: lines with flags at their highest and last values, and a mark for each swap.

const HEIGHT = 220;
const FONT = "11px 'Open Sans', sans-serif";

const token = (name) => getComputedStyle(document.documentElement).getPropertyValue(name);

// The styles say how much white a line gets, so that it is seen on a dark page as well (static/css/tokens.css).
function shade(colour) {
  const white = parseFloat(token("--lighter")) / 100;
  const mixed = [1, 3, 5].map((at) => parseInt(colour.slice(at, at + 2), 16)).map((part) => Math.round(part + (255 - part) * white));
  return `rgb(${mixed.join(" ")})`;
}

function inUnit(value, unit) {
  const round = (number) => number.toLocaleString("en", { maximumFractionDigits: 2 });
  if (unit === "ms") return value < 1000 ? `${round(value)} ms` : `${round(value / 1000)} s`;
  if (unit !== "bytes") return round(value);
  const names = ["B", "KB", "MB", "GB", "TB"];
  let size = value, place = 0;
  while (size >= 1024 && place < names.length - 1) { size /= 1024; place += 1; }
  return `${round(size)} ${names[place]}`;
}

// Where a flag of this size has room: at its point, or else as near above or below as others leave it.
function placeFor(flags, { left, width, height, wanted, least, most }) {
  const isFree = (top) => flags.every((one) => (
    left >= one.left + one.width || one.left >= left + width || top >= one.top + one.height || one.top >= top + height
  ));
  for (let away = 0; away <= most - least; away += height / 6) {
    const free = [wanted - away, wanted + away].find((top) => top >= least && top <= most && isFree(top));
    if (free !== undefined) return free;
  }
  return wanted;
}

function flag(plot, line, index, times, flags) {
  const value = line.values[index];
  const ratio = window.devicePixelRatio || 1;
  const x = plot.valToPos(times[index], "x", true);
  const y = plot.valToPos(value, plot.series.find((one) => one.label === line.caption).scale, true);
  const text = inUnit(value, line.unit);
  const { ctx, bbox } = plot;
  ctx.font = FONT.replace("11", String(11 * ratio));
  const width = ctx.measureText(text).width + 10 * ratio, height = 18 * ratio;
  const left = Math.max(bbox.left, Math.min(x, bbox.left + bbox.width - width));
  const least = bbox.top, most = bbox.top + bbox.height - height;
  const wanted = Math.max(least, Math.min(y - height, most));
  const top = placeFor(flags, { left, width, height, wanted, least, most });
  flags.push({ left, width, top, height });
  ctx.fillStyle = shade(line.colour);
  ctx.fillRect(left, top, width, height);
  ctx.fillStyle = token("--page");
  ctx.textBaseline = "middle";
  ctx.textAlign = "left";
  ctx.fillText(text, left + 5 * ratio, top + height / 2);
}

function drawFlags(plot, data) {
  const flags = [];
  plot.ctx.save();
  data.lines.forEach((line, place) => {
    if (!plot.series[place + 1].show) return;
    let highest = -1, last = -1;
    line.values.forEach((value, index) => {
      if (value === null) return;
      last = index;
      if (highest < 0 || value > line.values[highest]) highest = index;
    });
    // The highest of a line that is 0 throughout is no point of its own
    if (highest >= 0 && (line.values[highest] > 0 || last === highest)) flag(plot, line, highest, data.times, flags);
    if (last >= 0 && last !== highest) flag(plot, line, last, data.times, flags);
  });
  plot.ctx.restore();
}

function markSwaps(plot, data) {
  plot.over.querySelectorAll(".chart__swap").forEach((mark) => mark.remove());
  for (const swap of data.swaps) {
    const mark = document.createElement("a");
    mark.className = "chart__swap";
    mark.href = swap.address;
    mark.title = swap.sentence;
    mark.tabIndex = -1;
    mark.setAttribute("aria-hidden", "true"); // the list below the chart says the same to everybody else
    mark.style.left = `${plot.valToPos(swap.at, "x")}px`;
    plot.over.append(mark);
  }
}

function draw(place, data) {
  const scaleOf = (line) => (data.scale === "relative" ? line.caption : line.unit || "count");
  const scales = { x: { time: true } };
  for (const line of data.lines) scales[scaleOf(line)] = { range: (_, least, most) => [0, (most || 1) * 1.1] };
  const plot = new window.uPlot({
    width: place.clientWidth,
    height: HEIGHT,
    legend: { show: false },
    scales,
    axes: [{
      font: FONT,
      stroke: () => token("--heading"),
      grid: { stroke: () => token("--rule-light"), width: 1 },
      ticks: { stroke: () => token("--rule-light"), width: 1 },
    }],
    series: [{}, ...data.lines.map((line) => ({ label: line.caption, stroke: () => shade(line.colour), width: 2, scale: scaleOf(line), points: { show: false } }))],
    hooks: { draw: [(drawn) => { drawFlags(drawn, data); markSwaps(drawn, data); }] },
  }, [data.times, ...data.lines.map((line) => line.values)], place);
  window.addEventListener("resize", () => plot.setSize({ width: place.clientWidth, height: HEIGHT }));
  window.matchMedia("screen and (prefers-color-scheme: dark)").addEventListener("change", () => plot.redraw());
  document.querySelectorAll("[data-line]").forEach((box) => {
    box.addEventListener("change", () => plot.setSeries(Number(box.dataset.line), { show: box.checked }));
  });
}

document.querySelectorAll("[data-choice]").forEach((choice) => {
  choice.addEventListener("change", () => choice.form.requestSubmit());
});
for (const place of document.querySelectorAll("[data-chart]")) {
  draw(place, JSON.parse(document.getElementById(place.dataset.chart).textContent));
}
