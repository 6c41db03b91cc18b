// The U-Net as bands from the input to the output, and the receptive field of an output sample:
// intervals, carried backwards through convolutions, interpolations, skips and decimations.
"use strict";

const SVG = "http://www.w3.org/2000/svg";
const get = (id) => document.getElementById(id);
const facts = JSON.parse(get("facts").textContent);
const { samples, depth, decimations, layers } = facts;
const RATE = 16000;
const [LEFT, RIGHT, HEIGHT] = [110, 830, 640];
const number = new Intl.NumberFormat("en");
const counted = (count) => `${number.format(count)} channel${count === 1 ? "" : "s"}`;
const state = { sample: samples / 2, layer: layers.length - 1 };

function shape(tag, attributes, ...children) {
  const made = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  made.append(...children);
  return made;
}

// What the output sample `n` depends on: [first, last] for every layer, and for the input, in
// samples of each.
function receptiveField(n) {
  const inside = ([first, last], length) => [Math.max(0, first), Math.min(length - 1, last)];
  const union = (a, b) => (a ? [Math.min(a[0], b[0]), Math.max(a[1], b[1])] : b);
  const fields = new Array(layers.length).fill(null);
  fields[layers.length - 1] = [n, n];
  let field = [n, n]; // in the decoder, at the length of encoder i
  const lengthOf = (i) => (i < depth ? layers[i].samples : layers[depth].samples);
  for (let i = 0; i < depth; i++) {
    const at = 2 * depth - i; // the decoder block at the length of encoder i
    fields[at] = field;
    const reach = layers[at].kernel >> 1;
    field = inside([field[0] - reach, field[1] + reach], lengthOf(i));
    fields[i] = union(fields[i], field); // through the skip
    if (i < decimations) {
      field = inside([Math.ceil(field[0] / 2) - 1, (field[1] + 1) >> 1], lengthOf(i + 1));
    }
  }
  fields[depth] = field;
  for (let i = depth; i > 0; i--) {
    const reach = layers[i].kernel >> 1;
    let [first, last] = inside([fields[i][0] - reach, fields[i][1] + reach], layers[i].samples);
    if (i - 1 < decimations) [first, last] = [2 * first, 2 * last];
    fields[i - 1] = union(fields[i - 1], inside([first, last], layers[i - 1].samples));
  }
  const reach = layers[0].kernel >> 1;
  const input = inside([fields[0][0] - reach, fields[0][1] + reach], samples);
  return { input, fields };
}

// Bands: the input, all layers, each as thick as its share of the channels.
const rows = [{ name: "input", channels: 1, every: 1, samples }, ...layers];
const gap = 4;
const room = HEIGHT - 20 - rows.length * (gap + 5);
const total = rows.reduce((sum, row) => sum + row.channels, 0);
let edge = 6;
for (const row of rows) {
  row.top = edge;
  row.height = 5 + (room * row.channels) / total;
  edge += row.height + gap;
}
const across = (sample) => LEFT + (sample / samples) * (RIGHT - LEFT);

function build() {
  const parts = [];
  for (let i = 0; i < depth; i++) {
    const [from, to] = [rows[i + 1], rows[2 * depth - i + 1]];
    const [y1, y2] = [from.top + from.height / 2, to.top + to.height / 2];
    const out = RIGHT + 12 + (54 * (depth - i)) / depth;
    parts.push(shape("path", { class: "skip", "data-level": i, d: `M${RIGHT} ${y1}H${out}V${y2}H${RIGHT}` }));
  }
  rows.forEach((row, i) => {
    const band = { class: "band", x: LEFT, y: row.top, width: RIGHT - LEFT, height: row.height, rx: 2 };
    const seen = shape("rect", { class: "seen", y: row.top, height: row.height });
    const name = shape("text", { x: LEFT - 8, y: row.top + row.height / 2 + 4.5, "text-anchor": "end" }, row.name);
    // Neighbouring names would lie over each other where bands are thin: only those with room show.
    row.group = shape("g", { class: "layer", "data-layer": i - 1 }, shape("rect", band), seen, name);
    row.seen = seen;
    row.label = name;
    parts.push(row.group);
  });
  parts.push(shape("line", { class: "sample" }));
  const last = rows.at(-1);
  parts.push(
    shape("text", { x: LEFT, y: HEIGHT - 2 }, "0 s"),
    shape("text", { x: RIGHT, y: HEIGHT - 2, "text-anchor": "end" }, `${(samples / RATE).toFixed(2)} s`),
  );
  get("picture").replaceChildren(...parts);
  Object.assign(state, { last });
}

function draw() {
  const { input, fields } = receptiveField(state.sample);
  let bottom = -20;
  rows.forEach((row, i) => {
    const [first, last] = i ? fields[i - 1] : input;
    const x = across(first * row.every);
    row.seen.setAttribute("x", x);
    row.seen.setAttribute("width", Math.max(1.2, across((last + 1) * row.every) - x));
    const chosen = i - 1 === state.layer;
    row.group.classList.toggle("chosen", chosen);
    const middle = row.top + row.height / 2;
    const shown = middle - bottom > 13 && Math.abs(middle - rows[state.layer + 1].top - rows[state.layer + 1].height / 2) > 13;
    row.label.style.display = chosen || shown ? "" : "none";
    if (chosen || shown) bottom = middle;
  });
  document.querySelectorAll(".skip").forEach((skip) => {
    const level = Number(skip.dataset.level);
    skip.classList.toggle("chosen", [level, 2 * depth - level].includes(state.layer));
  });
  const line = document.querySelector(".sample");
  const x = across(state.sample + 0.5);
  for (const [name, value] of Object.entries({ x1: x, x2: x, y1: state.last.top, y2: HEIGHT - 16 })) {
    line.setAttribute(name, value);
  }
  const layer = layers[state.layer];
  const width = input[1] - input[0] + 1;
  const [first, last] = fields[state.layer];
  get("words").textContent =
    `Output sample ${number.format(state.sample)} depends on input samples ${number.format(input[0])} to ` +
    `${number.format(input[1])}: ${number.format(width)} of them, ${((1000 * width) / RATE).toFixed(0)} ms. ` +
    `${layer.name}: ${counted(layer.channels)} × ${number.format(layer.samples)} samples, ` +
    `from ${counted(layer.inputs)} with a kernel of ${layer.kernel}` +
    `${layer.every > 1 ? ` (one sample in ${layer.every})` : ""}; ${number.format(layer.parameters)} parameters, ` +
    `${(100 * layer.share).toFixed(1)} % of the arithmetic; ${number.format(last - first + 1)} of its samples count here.`;
}

function point(event) {
  const box = get("picture").getBoundingClientRect();
  const unit = 900 / box.width;
  const [x, y] = [(event.clientX - box.left) * unit, (event.clientY - box.top) * unit];
  const share = Math.max(0, Math.min(1, (x - LEFT) / (RIGHT - LEFT)));
  state.sample = Math.min(samples - 1, Math.floor(share * samples));
  const at = rows.findIndex((row) => y < row.top + row.height + gap / 2);
  if (at > 0) state.layer = at - 1;
  draw();
}

get("picture").addEventListener("pointermove", point);
get("picture").addEventListener("pointerdown", point);
get("picture").addEventListener("keydown", (event) => {
  const step = event.shiftKey ? 1 : samples / 64;
  const moves = { ArrowLeft: [-step, 0], ArrowRight: [step, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
  if (!(event.key in moves)) return;
  const [by, layer] = moves[event.key];
  state.sample = Math.max(0, Math.min(samples - 1, Math.round(state.sample + by)));
  state.layer = Math.max(0, Math.min(layers.length - 1, state.layer + layer));
  draw();
  event.preventDefault();
});
followTheme(() => {});
build();
draw();
new ResizeObserver(() => {
  if (outerFrame()) outerFrame().style.height = `${document.querySelector("main").offsetHeight + 12}px`;
}).observe(document.querySelector("main"));
