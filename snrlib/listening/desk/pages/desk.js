// The desk: what is chosen, what is made of it, and how it is shown.
"use strict";

const LOWEST = -20;
const HIGHEST = 20;
const NARROW = 3; // dB: a teacher's range that has no room for its name
const RANGE_DB = 80; // of the colour scale, as in snrlib.listening.spectrogram
const LONGEST_SECONDS = 20; // of a reader's own sound
const LARGEST_FILE = 200e6; // bytes
const GRID = [0, 10, -10, 20, -20, 5, -5, 15, -15]; // SNRs of the curves, the middle first
const SVG = "http://www.w3.org/2000/svg";

const facts = JSON.parse(document.getElementById("facts").textContent);
const palette = bytesOf(facts.palette);
const get = (id) => document.getElementById(id);
const minus = (text) => String(text).replace("-", "\u2212");
const dB = (value, digits = 1) => (Number.isFinite(value) ? `${minus(value.toFixed(digits))} dB` : "\u2013");

function node(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  made.append(...children);
  return made;
}

function shape(tag, attributes, ...children) {
  const made = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  made.append(...children);
  return made;
}

function pcm(text) {
  const bytes = bytesOf(text);
  return Float32Array.from(new Int16Array(bytes.buffer), (value) => value / 32768);
}

// ------------------------------------------------------------------------------- the systems

// What can be heard. A network has a `key`; the rule and the mean answer through four others.
function systemsOf() {
  const found = [
    { name: "clean", kind: "clean", tone: "clean", note: "the speech alone" },
    { name: "noisy", kind: "noisy", tone: "noisy", note: "speech + noise" },
  ];
  facts.sets.forEach((set, number) => {
    const teachers = {};
    for (const model of set.models) {
      if (model.name in facts.teachers) teachers[model.name] = found.length;
      found.push({ ...model, kind: "network", tone: model.name, set: number, note: "" });
    }
    if (Object.keys(teachers).length === Object.keys(facts.teachers).length) {
      found.push({ name: "rule", kind: "rule", tone: "rule", set: number, teachers, note: "" });
      const note = "of all four teachers";
      found.push({ name: "mean", kind: "mean", tone: "mean", set: number, teachers, note });
    }
  });
  return found.map((system) => ({
    ...system, samples: null, score: null, picture: null, version: -1, curve: new Map(),
    ready: system.kind !== "network",
  }));
}

const systems = systemsOf();
const state = {
  snr: 0,
  heard: 1,
  version: 0, // of the mixture
  scene: 0, // of sentence and noise: the curves belong to it
  clean: null,
  noise: null,
  own: null, // the reader's own sound: {name, samples}
  gained: false,
  reference: 0, // dB of the strongest bin: the top of the colour scale
  timings: [], // milliseconds from the knob to the sound, for those who measure
};
const player = new DeskPlayer(systems.map(({ name }) => ({ name, samples: new Float32Array(RATE) })));
let crew = null;

// A system's networks: itself, the teacher in charge, or all four.
function needs(system) {
  if (system.kind === "network") return [systems.indexOf(system)];
  if (system.kind === "rule") return [system.teachers[assign(state.snr, facts.teachers)]];
  return system.kind === "mean" ? Object.values(system.teachers) : [];
}

function complain(sentence) {
  get("trouble").textContent = sentence;
  get("trouble").hidden = !sentence;
}

// ------------------------------------------------------------------------------- the networks

const arriving = new Map(); // key -> what to do with its numbers

function loaded(system) {
  system.loading ||= new Promise((resolve, reject) => {
    arriving.set(system.key, resolve);
    const script = node("script", { src: system.file });
    script.onerror = () => {
      reject(new Error(`${system.file} is not beside this page: copy the folder "desk" with it`));
    };
    document.head.append(script);
  })
    .then(async (arrived) => crew.load(arrived, await unzipped(bytesOf(arrived.numbers))))
    .then(() => {
      system.ready = true;
      showCards();
      enhanceAll();
      fillCurves();
    })
    .catch((error) => {
      system.broken = true;
      complain(`${system.name} cannot be loaded: ${error.message}.`);
      showCards();
    });
  return system.loading;
}

// Released networks come one after the other, those that are heard first; others when asked for.
async function loadReleased() {
  const first = systems.filter((system) => system.kind === "network" && system.set === 0);
  const order = ["S2", "S1"];
  const rank = ({ name }) => (order.includes(name) ? order.indexOf(name) : order.length);
  for (const system of first.sort((a, b) => rank(a) - rank(b))) await loaded(system);
}

// -------------------------------------------------------------------------------- the mixture

function noisyAt(snr) {
  if (!state.clean) return state.own.samples;
  return mix(state.clean, state.noise, snr);
}

function newScene() {
  state.scene++;
  for (const system of systems) {
    Object.assign(system, { score: null, picture: null, samples: null, version: -1 });
    system.curve = new Map();
  }
  const length = (state.clean || state.own.samples).length;
  const silent = new Float32Array(length);
  systems[0].samples = state.clean;
  if (!state.clean && state.heard === 0) state.heard = 1;
  const sources = systems.map(({ name, samples }) => ({ name, samples: samples || silent }));
  player.exchange(sources, state.heard);
  get("position").max = length / RATE;
  if (state.clean) {
    hear(systems[0], state.clean, 1.5, state.scene);
    systems[0].score = Infinity;
  }
  mixAnew();
  fillCurves();
}

function mixAnew() {
  const version = ++state.version;
  state.began = state.turned || performance.now();
  state.turned = 0;
  const noisy = noisyAt(state.snr);
  const system = systems[1];
  system.score = state.clean ? siSdr(state.clean, noisy) : null;
  if (state.clean) system.curve.set(state.snr, system.score);
  take(system, noisy, version);
  hear(system, noisy, 1.5, null);
  enhanceAll();
  showDial();
  showCards();
}

// A worker draws the spectrogram of what is there already.
function hear(system, signal, priority, scene) {
  const version = state.version;
  crew
    .hear({ signal, picture: true }, () => priority, () =>
      scene === null ? version === state.version : scene === state.scene,
    )
    .then((outcome) => {
      if (!outcome) return;
      system.picture = outcome.picture;
      scale();
      paintCard(system);
    }, failed);
}

function failed(error) {
  complain(`Something went wrong in a worker (${error.message}); load the page again.`);
}

function enhanceAll() {
  const version = state.version;
  const noisy = systems[1].samples;
  if (!noisy) return;
  systems.forEach((system, i) => {
    if (system.kind !== "network" || !system.ready || system.asked === version) return;
    system.asked = version;
    const priority = () => (needs(systems[state.heard]).includes(i) ? 1 : 2);
    const work = { key: system.key, signal: noisy, clean: state.clean, picture: true };
    crew
      .hear(work, priority, () => version === state.version)
      .then((outcome) => {
        if (!outcome || version !== state.version) return;
        system.milliseconds = outcome.milliseconds;
        system.score = outcome.score;
        system.picture = outcome.picture;
        if (state.clean) system.curve.set(state.snr, outcome.score);
        take(system, outcome.estimate, version);
        derive(version);
      }, failed);
  });
  derive(version);
}

// The rule and the mean, as soon as what they are made of is there.
function derive(version) {
  for (const system of systems) {
    if (!system.teachers || system.version === version) continue;
    const parts = needs(system).map((i) => systems[i]);
    if (parts.some((part) => part.version !== version)) continue;
    if (system.kind === "rule") {
      system.score = parts[0].score;
      system.picture = parts[0].picture;
      take(system, parts[0].samples, version);
    } else {
      const mean = meanOf(parts.map((part) => part.samples));
      system.score = state.clean ? siSdr(state.clean, mean) : null;
      take(system, mean, version);
      hear(system, mean, 1.5, null);
    }
    if (state.clean) system.curve.set(state.snr, system.score);
  }
}

function take(system, samples, version) {
  system.samples = samples;
  system.version = version;
  const index = systems.indexOf(system);
  player.replace(index, samples);
  const peak = Math.max(
    ...systems.filter((other) => other.samples).map((other) => {
      if (other.peakOf !== other.samples) [other.peakOf, other.peak] = [other.samples, peakOf(other.samples)];
      return other.peak;
    }),
  );
  player.setLevel(peak > 0.98 ? 0.98 / peak : 1);
  if (index === state.heard && state.began) {
    if (system.kind !== "noisy" && system.kind !== "clean") {
      state.timings.push(performance.now() - state.began);
    }
    state.began = 0;
  }
  showCard(system);
  paintCard(system);
  showCurves();
}

// ---------------------------------------------------------------------- the curves over the SNR

function fillCurves() {
  if (!state.clean) {
    showCurves();
    return;
  }
  const scene = state.scene;
  const wanted = () => scene === state.scene;
  for (const [place, snr] of GRID.entries()) {
    const noisy = noisyAt(snr);
    systems[1].curve.set(snr, siSdr(state.clean, noisy));
    const estimates = new Map();
    systems.forEach((system, i) => {
      if (system.kind !== "network" || !system.ready) return;
      const key = `${scene} ${snr}`;
      system.points ||= new Map();
      if (system.points.has(key)) {
        system.points.get(key)?.then((estimate) => gather(i, estimate));
        return;
      }
      const work = { key: system.key, signal: noisy, clean: state.clean };
      const point = crew.hear(work, () => 10 + place, wanted).then((outcome) => {
        if (!outcome || !wanted()) return null;
        system.curve.set(snr, outcome.score);
        return outcome.estimate;
      }, failed);
      // Only teachers' signals are needed again, for the mean; those of older scenes never.
      for (const known of system.points.keys()) {
        if (!known.startsWith(`${scene} `)) system.points.delete(known);
      }
      system.points.set(key, point);
      point.then((estimate) => gather(i, estimate));
    });
    const gather = (i, estimate) => {
      if (!estimate || !wanted()) return;
      estimates.set(i, estimate);
      for (const system of systems) {
        if (system.kind === "rule") {
          const chosen = systems[system.teachers[assign(snr, facts.teachers)]];
          if (chosen.curve.has(snr)) system.curve.set(snr, chosen.curve.get(snr));
        } else if (system.kind === "mean") {
          const parts = Object.values(system.teachers).map((teacher) => estimates.get(teacher));
          if (parts.every(Boolean)) system.curve.set(snr, siSdr(state.clean, meanOf(parts)));
        }
      }
      showCurves();
    };
  }
}

let curvesDue = false;
function showCurves() {
  if (curvesDue) return;
  curvesDue = true;
  requestAnimationFrame(() => {
    curvesDue = false;
    drawCurves();
  });
}

function boundaries() {
  const found = [];
  for (let tenth = LOWEST * 10; tenth <= HIGHEST * 10; tenth++) {
    // Between the tenths, so that a tie at .5 ends a range and begins none.
    const name = assign(tenth / 10, facts.teachers);
    if (found.at(-1)?.name === name) found.at(-1).to = tenth / 10;
    else {
      if (found.length) found.at(-1).to = (tenth - 1) / 10;
      found.push({ name, from: found.length ? (tenth - 1) / 10 : LOWEST, to: tenth / 10 });
    }
  }
  return found;
}
const ranges = boundaries();
const toneOf = (tone) => (/^\w+$/.test(tone) ? `var(--${tone}, var(--quiet))` : "var(--quiet)");

const plot = { left: 44, right: 12, top: 26, bottom: 26, width: 0, height: 0, low: -20, high: 20 };
const acrossOf = (snr) =>
  plot.left + ((snr - LOWEST) / (HIGHEST - LOWEST)) * (plot.width - plot.left - plot.right);
const downOf = (value) =>
  plot.height - plot.bottom -
  ((value - plot.low) / (plot.high - plot.low)) * (plot.height - plot.top - plot.bottom);

function drawCurves() {
  const svg = get("curve");
  const box = svg.getBoundingClientRect();
  if (!box.width) return;
  Object.assign(plot, { width: box.width, height: box.height });
  svg.setAttribute("viewBox", `0 0 ${box.width} ${box.height}`);
  const base = systems[1].curve;
  const lines = systems
    .map((system, i) => ({
      system,
      heard: i === state.heard,
      points: [...system.curve]
        .filter(([snr, value]) => Number.isFinite(value) && (!state.gained || base.has(snr)))
        .map(([snr, value]) => [snr, state.gained ? value - base.get(snr) : value])
        .sort((a, b) => a[0] - b[0]),
    }))
    .filter(({ points }) => points.length);
  const values = lines.flatMap(({ points }) => points.map((point) => point[1]));
  const step = state.gained ? 5 : 10;
  plot.low = Math.floor(Math.min(state.gained ? -2 : -20, ...values) / step) * step;
  plot.high = Math.ceil(Math.max(state.gained ? 10 : 20, ...values) / step) * step;
  const parts = [];
  const charge = assign(state.snr, facts.teachers);
  for (const { name, from, to } of ranges) {
    const lit = state.clean && name === charge ? " lit" : "";
    const [x, end] = [acrossOf(from), acrossOf(to)];
    parts.push(
      shape("rect", {
        x: x + 1, y: 2, width: end - x - 2, height: 17, rx: 4, class: `range${lit}`,
        fill: toneOf(name),
      }),
    );
    if (end - x > 22) {
      parts.push(shape("text", { x: (x + end) / 2, y: 15, class: `rangename${lit}` }, name));
    }
  }
  for (let value = plot.low; value <= plot.high; value += step) {
    const y = downOf(value);
    parts.push(
      shape("line", {
        x1: plot.left, x2: plot.width - plot.right, y1: y, y2: y, class: value ? "grid" : "zero",
      }),
      shape("text", { x: plot.left - 8, y: y + 4, "text-anchor": "end" }, minus(value)),
    );
  }
  for (let snr = LOWEST; snr <= HIGHEST; snr += 5) {
    if (snr % 10 && plot.width < 560) continue;
    const x = acrossOf(snr);
    const anchor = snr === HIGHEST ? "end" : "middle";
    const text = snr === HIGHEST ? "20 dB SNR" : minus(snr);
    parts.push(shape("text", { x: snr === HIGHEST ? x + 10 : x, y: plot.height - 7, "text-anchor": anchor }, text));
  }
  lines.sort((a, b) => a.heard - b.heard);
  for (const { system, heard, points } of lines) {
    const path = points.map(([snr, value]) => `${acrossOf(snr).toFixed(1)},${downOf(value).toFixed(1)}`);
    parts.push(
      shape("polyline", {
        points: path.join(" "), class: heard ? "line heard" : "line", stroke: toneOf(system.tone),
        "stroke-dasharray": system.set > 0 ? "5 3" : "none",
      }),
    );
  }
  const x = acrossOf(state.snr);
  parts.push(shape("line", { x1: x, x2: x, y1: 20, y2: plot.height - plot.bottom, class: "now" }));
  for (const { system, heard, points } of lines) {
    const here = points.find(([snr]) => snr === state.snr);
    if (!here) continue;
    parts.push(
      shape("circle", {
        cx: x, cy: downOf(here[1]), r: heard ? 6.5 : 3.5, fill: toneOf(system.tone),
        stroke: "var(--panel)", "stroke-width": heard ? 2 : 1,
      }),
    );
  }
  if (!state.clean) {
    const middle = { x: plot.width / 2, y: plot.height / 2, "text-anchor": "middle" };
    parts.push(shape("text", middle, "No clean speech to compare with: nothing to score."));
  }
  svg.replaceChildren(...parts);
  const heard = systems[state.heard];
  const score = Number.isFinite(heard.score) ? `, ${heard.name} has an SI-SDR of ${dB(heard.score)}` : "";
  svg.setAttribute("aria-label", `SI-SDR of each system over the SNR; at ${dB(state.snr)}${score}`);
}

// ------------------------------------------------------------------------------------ the knob

const DIAL = { ring: 118, face: 82, sweep: 135 };
const turned = (snr) => (snr / HIGHEST) * DIAL.sweep;
const around = (degrees, radius) => {
  const angle = ((degrees - 90) * Math.PI) / 180;
  return [radius * Math.cos(angle), radius * Math.sin(angle)].map((value) => value.toFixed(2));
};

function buildDial() {
  const parts = [];
  for (const { name, from, to } of ranges) {
    const [begin, end] = [turned(from) + 1, turned(to) - 1];
    const [x1, y1] = around(begin, DIAL.ring);
    const [x2, y2] = around(end, DIAL.ring);
    parts.push(
      shape("path", {
        class: "arc", "data-teacher": name, stroke: toneOf(name), color: toneOf(name),
        d: `M ${x1} ${y1} A ${DIAL.ring} ${DIAL.ring} 0 0 1 ${x2} ${y2}`,
      }),
    );
    if (to - from < NARROW) continue; // its light says enough
    const [x, y] = around((begin + end) / 2, DIAL.ring + 19);
    parts.push(shape("text", { class: "name", "data-teacher": name, x, y }, name));
  }
  for (let snr = LOWEST; snr <= HIGHEST; snr += 2.5) {
    const long = snr % 10 === 0;
    const [x1, y1] = around(turned(snr), DIAL.face + 5);
    const [x2, y2] = around(turned(snr), DIAL.face + (long ? 13 : 9));
    parts.push(shape("line", { class: "tick", x1, y1, x2, y2 }));
    if (long) {
      const [x, y] = around(turned(snr), DIAL.face + 21);
      parts.push(shape("text", { class: "mark", x, y }, minus(snr)));
    }
  }
  parts.push(shape("circle", { class: "face", r: DIAL.face }));
  const [, top] = around(0, DIAL.face - 6);
  const [, bottom] = around(0, DIAL.face - 26);
  parts.push(
    shape("g", { class: "hand-group" }, shape("line", { class: "hand", x1: 0, x2: 0, y1: top, y2: bottom })),
    shape("text", { class: "value", y: 12 }),
    shape("text", { class: "unit", y: 34 }, "dB SNR"),
  );
  get("dial").replaceChildren(...parts);
}

function showDial() {
  const dial = get("dial");
  const text = minus(Number(state.snr.toFixed(2)));
  dial.querySelector(".value").textContent = text;
  dial.querySelector(".hand-group").setAttribute("transform", `rotate(${turned(state.snr)})`);
  dial.setAttribute("aria-valuenow", state.snr);
  const charge = assign(state.snr, facts.teachers);
  dial.setAttribute("aria-valuetext", `${text} dB, teacher ${charge}`);
  dial.querySelectorAll("[data-teacher]").forEach((part) => {
    part.classList.toggle("lit", part.dataset.teacher === charge);
  });
  const exact = get("snr");
  if (document.activeElement !== exact || Number(exact.value) !== state.snr) exact.value = state.snr;
  const told = get("charge");
  if (told.dataset.said !== `${charge}${!state.clean}`) {
    told.dataset.said = `${charge}${!state.clean}`;
    told.style.setProperty("--tone", toneOf(charge));
    const snrs = facts.teachers[charge].map(minus);
    const listed = `${snrs.slice(0, -1).join(", ")} and ${snrs.at(-1)} dB`;
    const words = state.clean ? ` is in charge: it was trained at ${listed}.` :
      ` is what the rule takes if you say that your sound is this noisy.`;
    told.replaceChildren(node("b", {}, charge), words);
  }
  systems.forEach((system) => {
    if (system.kind === "rule") system.note = `now ${charge}`;
    system.card?.classList.toggle("charged", system.set === 0 && system.name === charge);
  });
}

let mixDue = false;
function setSnr(value) {
  if (!Number.isFinite(value)) return;
  const snr = Math.max(LOWEST, Math.min(HIGHEST, Math.round(value * 1000) / 1000));
  complain(snr !== Math.round(value * 1000) / 1000 ? "The desk mixes from \u221220 to 20 dB; beyond, Python's mixing.mix does." : "");
  if (snr === state.snr) return;
  state.snr = snr;
  showDial();
  if (mixDue) return; // a knob moves more often than the screen is drawn
  mixDue = true;
  state.turned = performance.now();
  requestAnimationFrame(() => {
    mixDue = false;
    mixAnew();
  });
}

// ------------------------------------------------------------------------------------ pictures

function scale() {
  const strongest = Math.max(
    ...[systems[0], systems[1]].map(({ picture }) =>
      picture ? picture.db.reduce((most, value) => Math.max(most, value), -300) : -300,
    ),
  );
  if (Math.abs(strongest - state.reference) < 0.05) return;
  state.reference = strongest;
  systems.forEach(paintCard);
}

// A spectrogram as pixels, painted anew when it or the colour scale has changed.
function pixels(system) {
  const { picture } = system;
  if (!picture) return null;
  if (system.painted === picture && system.paintedAt === state.reference) return system.pixels;
  const { bins, columns, db } = picture;
  system.pixels ||= document.createElement("canvas");
  Object.assign(system.pixels, { width: columns, height: bins });
  const pen = system.pixels.getContext("2d");
  const image = pen.createImageData(columns, bins);
  const words = new Uint32Array(image.data.buffer);
  for (let bin = 0; bin < bins; bin++) {
    const row = (bins - 1 - bin) * columns;
    for (let column = 0; column < columns; column++) {
      const share = (db[bin * columns + column] - state.reference) / RANGE_DB + 1;
      words[row + column] = colours[Math.max(0, Math.min(255, Math.round(share * 255)))];
    }
  }
  pen.putImageData(image, 0, 0);
  Object.assign(system, { painted: picture, paintedAt: state.reference });
  return system.pixels;
}
const colours = Uint32Array.from({ length: 256 }, (_, i) =>
  (255 << 24) | (palette[3 * i + 2] << 16) | (palette[3 * i + 1] << 8) | palette[3 * i],
);

function paint(canvas, system) {
  const box = canvas.getBoundingClientRect();
  const scaleBy = window.devicePixelRatio || 1;
  const [width, height] = [Math.round(box.width * scaleBy), Math.round(box.height * scaleBy)];
  if (!width) return;
  if (canvas.width !== width || canvas.height !== height) Object.assign(canvas, { width, height });
  const pen = canvas.getContext("2d");
  const image = pixels(system);
  if (image) pen.drawImage(image, 0, 0, width, height);
  else pen.clearRect(0, 0, width, height);
}

function paintCard(system) {
  if (system.card) paint(system.card.querySelector("canvas"), system);
  if (systems[state.heard] === system) paint(document.querySelector("#view canvas"), system);
}

// --------------------------------------------------------------------------------------- cards

const KEYS = "1234567890";

function buildCards() {
  const holder = get("sources");
  const row = node("div", { class: "cards" });
  holder.append(node("h2", {}, "What you hear", node("small", {}, "all of them play in step: switch at any time")), row);
  facts.sets.forEach((set, number) => {
    const cards = number ? node("div", { class: "cards" }) : row;
    if (number) holder.append(node("h2", {}, set.title, node("small", {}, set.note)), cards);
    else row.append(...systems.slice(0, 2).map(card));
    cards.append(...systems.filter((system) => system.set === number).map(card));
  });
}

function card(system) {
  const index = systems.indexOf(system);
  const title = node("span", { class: "title" });
  if (index < KEYS.length) title.append(node("kbd", { "aria-hidden": "true" }, KEYS[index]));
  title.append(system.name);
  const picture = node("span", { class: "picture" }, node("canvas", { "aria-hidden": "true" }), node("i", { class: "cursor" }));
  system.card = node(
    "button", { type: "button", class: "card", "aria-pressed": "false" },
    title, node("span", { class: "score" }), picture, node("span", { class: "note" }),
  );
  if (index < KEYS.length) system.card.setAttribute("aria-keyshortcuts", KEYS[index]);
  system.card.style.setProperty("--tone", toneOf(system.tone));
  system.card.addEventListener("click", () => choose(index));
  return system.card;
}

function showCard(system) {
  if (!system.card) return;
  const current = system.version === state.version;
  const absent = system.kind === "clean" && !state.clean;
  system.card.disabled = absent;
  const late = !absent && system.kind !== "clean" && !current;
  system.card.classList.toggle("late", late);
  system.card.setAttribute("aria-pressed", String(systems[state.heard] === system));
  const scored = system.kind !== "clean" && Number.isFinite(system.score);
  const score = scored ? dB(system.score) : "";
  system.card.querySelector(".score").textContent = score;
  let { note } = system;
  if (system.kind === "network") {
    const base = systems[1].score;
    const gain = system.score - base;
    note = scored ? `${gain < 0 ? "\u2212" : "+"}${Math.abs(gain).toFixed(1)} dB over noisy` : "";
    if (system.broken) note = "cannot be loaded";
    else if (!system.ready) note = system.loading ? "is being loaded \u2026" : "loaded when you choose it";
    else if (system.rounded) note += " (half precision)";
  }
  system.card.querySelector(".note").textContent = absent ? "your sound has none" : note;
  const words = [system.name, score && `SI-SDR ${score}`, note].filter(Boolean);
  system.card.setAttribute("aria-label", words.join(", "));
}

function showCards() {
  systems.forEach(showCard);
  const heard = systems[state.heard];
  const [name, more] = get("heard").children;
  name.textContent = heard.name;
  const set = facts.sets[heard.set];
  const about = {
    clean: "the speech before any noise",
    noisy: state.clean ? `speech and noise at ${dB(state.snr, 1)}` : "your sound as it is",
    network: `${set?.title || ""}${heard.milliseconds ? `, computed in ${heard.milliseconds.toFixed(0)} ms` : ""}`,
    rule: `the teacher for ${dB(state.snr, 1)}: ${assign(state.snr, facts.teachers)}`,
    mean: "the mean of what the four teachers say",
  };
  const quieter = player.level < 1 ? `, all of them played at ${dB(20 * Math.log10(player.level))}` : "";
  more.textContent = about[heard.kind] + quieter;
  get("livemodel").textContent = systems[liveSystem()]?.name || "none";
}

function choose(index) {
  const system = systems[index];
  if (!system || system.card.disabled) return;
  state.heard = index;
  player.select(index);
  for (const i of needs(system)) if (!systems[i].ready) loaded(systems[i]);
  showCards();
  paintCard(system);
  showCurves();
}

// ----------------------------------------------------------------------------------- the sound

function showPlaying() {
  if (player.playing && !state.played) window.parent.postMessage({ snrlibPlays: true }, "*");
  state.played = player.playing;
  get("play").textContent = player.playing ? "Stop" : "Play";
  const saying = `${player.playing ? "Playing" : "Stopped"}: ${systems[state.heard].name}`;
  if (get("status").textContent !== saying) get("status").textContent = saying;
  showTime();
}

function showTime() {
  const now = player.position;
  const share = `${(100 * now) / player.length}%`;
  document.querySelectorAll(".cursor").forEach((cursor) => (cursor.style.left = share));
  const seconds = now / RATE;
  get("time").textContent = `${seconds.toFixed(2)} s of ${(player.length / RATE).toFixed(2)} s`;
  const slider = get("position");
  if (document.activeElement !== slider || player.playing) slider.value = seconds;
  slider.setAttribute("aria-valuetext", `${seconds.toFixed(1)} seconds`);
}

async function toggle() {
  try {
    await player.toggle();
  } catch (error) {
    complain(`This browser plays no sound here (${error.message}); everything else goes on.`);
  }
}

// ---------------------------------------------------------------------------------- the reader's

function showSaid() {
  const { own } = state;
  const text = get("text");
  text.classList.toggle("own", Boolean(own));
  get("own").hidden = !own;
  if (own) {
    text.textContent = own.name;
    text.removeAttribute("lang");
    get("about").textContent = own.about;
  } else {
    const said = facts.sentences[get("sentence").value];
    text.textContent = said.text;
    text.lang = said.language;
    const known = said.unseen ? "a voice that the networks have never heard" : "a voice that the networks were trained on";
    get("about").textContent = `${said.spoken}, ${said.voice}: ${known}`;
  }
}

function useSentence() {
  state.own = null;
  state.clean = pcm(facts.sentences[get("sentence").value].samples);
  showSaid();
  newScene();
}

function useOwn(own) {
  state.own = own;
  complain("");
  const treated = document.querySelector("[name=own]:checked").value;
  state.clean = treated === "clean" ? own.samples : null;
  showSaid();
  newScene();
}

// A 16-bit WAV file at 16 kHz, sample for sample: a decoder would come back off by 9e-6.
function exactWav(bytes) {
  const view = new DataView(bytes);
  const text = (at) => String.fromCharCode(...new Uint8Array(bytes, at, 4));
  if (bytes.byteLength < 44 || text(0) !== "RIFF" || text(8) !== "WAVE") return null;
  let format = null;
  for (let at = 12; at + 8 <= bytes.byteLength; ) {
    const size = view.getUint32(at + 4, true);
    if (text(at) === "fmt ") {
      const [kind, channels] = [view.getUint16(at + 8, true), view.getUint16(at + 10, true)];
      format = { kind, channels, rate: view.getUint32(at + 12, true), bits: view.getUint16(at + 22, true) };
    }
    if (text(at) === "data" && format) {
      const { kind, channels, rate, bits } = format;
      if (kind !== 1 || bits !== 16 || rate !== RATE) return { rate, channels };
      const frames = Math.floor(Math.min(size, bytes.byteLength - at - 8) / (2 * channels));
      const samples = Array.from({ length: channels }, () => new Float32Array(frames));
      for (let i = 0; i < frames * channels; i++) {
        samples[i % channels][Math.floor(i / channels)] = view.getInt16(at + 8 + 2 * i, true) / 32768;
      }
      return { rate, channels, samples };
    }
    at += 8 + size + (size % 2);
  }
  return null;
}

async function decoded(bytes) {
  const wav = exactWav(bytes);
  if (wav?.samples) return { ...wav, signals: wav.samples };
  // It resamples to its own context's rate, which is the networks'.
  const context = new OfflineAudioContext(1, 1, RATE);
  const buffer = await context.decodeAudioData(bytes);
  const channels = buffer.numberOfChannels;
  const signals = Array.from({ length: channels }, (_, i) => buffer.getChannelData(i));
  return { rate: wav?.rate, channels, signals };
}

const minutes = (seconds) =>
  seconds < 90 ? `${seconds.toFixed(seconds < 10 ? 1 : 0)} s` : `${(seconds / 60).toFixed(0)} minutes`;

async function useFile(file) {
  const name = `\u201c${file.name}\u201d`;
  if (file.size > LARGEST_FILE) {
    complain(`${name} has ${(file.size / 1e6).toFixed(0)} MB; cut it to ${LARGEST_FILE / 1e6} MB, or run: snrlib enhance FILE.`);
    return;
  }
  let sound;
  try {
    sound = await decoded(await file.arrayBuffer());
  } catch {
    complain(`${name} is no sound that this browser can read; try WAV, FLAC, MP3 or Ogg.`);
    return;
  }
  const { signals, channels, rate } = sound;
  const seconds = signals[0].length / RATE;
  if (seconds < 0.05) {
    complain(`${name} lasts ${seconds.toFixed(3)} s; take a sound of at least 0.05 s.`);
    return;
  }
  const kept = signals.map((signal) => signal.slice(0, LONGEST_SECONDS * RATE));
  const samples = channels > 1 ? meanOf(kept) : kept[0];
  if (!(peakOf(samples) > 0)) {
    complain(`${name} is silent${seconds > LONGEST_SECONDS ? " in its first " + LONGEST_SECONDS + " s" : ""}: there is nothing to enhance; take another.`);
    return;
  }
  const notes = [minutes(samples.length / RATE)];
  if (seconds > LONGEST_SECONDS) {
    notes.push(`the first of its ${minutes(seconds)} (for all of it: snrlib enhance FILE)`);
  }
  if (channels > 1) notes.push(`the mean of its ${channels} channels`);
  if (rate && rate !== RATE) notes.push(`resampled from ${rate / 1000} kHz to 16 kHz`);
  useOwn({ name: file.name, samples, about: `Your own sound: ${notes.join(", ")}. It stays on this machine.` });
}

let stopRecording = null;
async function toggleRecording() {
  const button = get("record");
  if (stopRecording) {
    stopRecording();
    return;
  }
  button.setAttribute("aria-pressed", "true");
  player.stop();
  try {
    const samples = await record(
      5,
      (seconds) => (button.textContent = `Stop (${seconds.toFixed(0)} s of 5)`),
      (stop) => (stopRecording = stop),
    );
    if (samples.length < RATE / 4 || !(peakOf(samples) > 0)) {
      complain("The recording is silent: is the right microphone chosen, and not muted?");
    } else {
      useOwn({ name: "Your recording", samples, about: `${minutes(samples.length / RATE)} from the microphone. It stays on this machine.` });
    }
  } catch (error) {
    complain(microphoneTrouble(error));
  }
  stopRecording = null;
  button.textContent = "Record 5 s";
  button.setAttribute("aria-pressed", "false");
}

// ---------------------------------------------------------------------------------------- live

let live = null;
// Live needs one network: the one that is heard, or the student.
function liveSystem() {
  if (systems[state.heard].kind === "network") return state.heard;
  return systems.findIndex((system) => system.name === "S2" && system.kind === "network");
}

async function toggleLive() {
  if (live) {
    endLive("");
    return;
  }
  const system = systems[liveSystem()];
  if (!system) return;
  player.stop();
  complain("");
  get("livestate").textContent = "Waiting for the microphone \u2026";
  try {
    await loaded(system);
    const began = new Live(
      // Whatever is chosen meanwhile takes over with the next block.
      (window) => {
        const chosen = systems[liveSystem()];
        const { key } = chosen.ready ? chosen : system;
        return crew.ask(crew.home.get(key), "live", { key, ...window }, () => -1);
      },
      showLive,
      () => endLive("It was feeding back, and has been stopped: put on headphones, and try again."),
    );
    live = began;
    await began.start();
    get("live").textContent = "Stop";
    get("live").setAttribute("aria-pressed", "true");
    get("bypass").disabled = false;
  } catch (error) {
    endLive("");
    complain(microphoneTrouble(error));
  }
}

function endLive(sentence) {
  live?.stop();
  live = null;
  get("live").textContent = "I wear headphones: go live";
  get("live").setAttribute("aria-pressed", "false");
  get("bypass").disabled = true;
  get("bypass").setAttribute("aria-pressed", "false");
  get("livestate").textContent = sentence;
  get("heardlevel").value = get("playedlevel").value = -60;
}

function toggleBypass() {
  if (!live) return;
  const on = get("bypass").getAttribute("aria-pressed") !== "true";
  get("bypass").setAttribute("aria-pressed", String(on));
  live.bypass(on);
}

function showLive({ delay, missed, compute, heard, played }) {
  const level = (rms) => 20 * Math.log10(Math.max(rms, 1e-3));
  get("heardlevel").value = level(heard);
  get("playedlevel").value = level(played);
  const lost = missed ? `, ${(missed / RATE).toFixed(1)} s came too late` : "";
  const words = `You hear yourself ${(1000 * delay).toFixed(0)} ms later (blocks of 128 ms, 32 ms of look-ahead, the rest to compute in)${lost}.`;
  if (get("livestate").textContent !== words) get("livestate").textContent = words;
  state.liveCompute = compute;
  state.liveBlocks = (state.liveBlocks || 0) + 1;
}

// ------------------------------------------------------------------------------------ controls

function buildChoices() {
  const select = get("sentence");
  const groups = new Map();
  facts.sentences.forEach((said, i) => {
    const label = said.unseen ? `${said.spoken} (an unseen voice)` : said.spoken;
    if (!groups.has(label)) groups.set(label, node("optgroup", { label }));
    groups.get(label).append(node("option", { value: i, lang: said.language }, said.text));
  });
  select.append(...groups.values());
  select.addEventListener("change", useSentence);
  facts.noises.forEach((noise, i) => {
    const input = node("input", { type: "radio", name: "noise", value: i });
    input.checked = i === facts.noise;
    input.addEventListener("change", () => {
      state.noise = pcm(noise.samples);
      if (state.clean) newScene();
    });
    const mark = noise.unseen ? [node("sup", { title: "a kind of noise that no network was trained on" }, " new")] : [];
    get("noises").append(node("label", { class: "chip" }, input, node("span", {}, noise.id, ...mark)));
  });
  state.noise = pcm(facts.noises[facts.noise].samples);
}

function listenToDial() {
  const dial = get("dial");
  const at = (event) => {
    const box = dial.getBoundingClientRect();
    // The viewBox reaches from -150 to 150 across, and the centre lies 150 below its top.
    const unit = box.width / 300;
    const [x, y] = [event.clientX - box.left - 150 * unit, event.clientY - box.top - 150 * unit];
    const degrees = (Math.atan2(x, -y) * 180) / Math.PI;
    const clamped = Math.max(-DIAL.sweep, Math.min(DIAL.sweep, degrees));
    const step = event.shiftKey ? 0.1 : 0.5;
    return Math.round(((clamped / DIAL.sweep) * HIGHEST) / step) * step;
  };
  dial.addEventListener("pointerdown", (event) => {
    dial.setPointerCapture(event.pointerId);
    dial.focus({ preventScroll: true });
    setSnr(at(event));
    event.preventDefault();
  });
  dial.addEventListener("pointermove", (event) => {
    if (dial.hasPointerCapture(event.pointerId)) setSnr(at(event));
  });
  dial.addEventListener("keydown", (event) => {
    const by = event.shiftKey ? 0.1 : 1;
    const steps = { ArrowUp: by, ArrowRight: by, ArrowDown: -by, ArrowLeft: -by, PageUp: 5, PageDown: -5 };
    if (event.key in steps) setSnr(state.snr + steps[event.key]);
    else if (event.key === "Home") setSnr(LOWEST);
    else if (event.key === "End") setSnr(HIGHEST);
    else return;
    event.preventDefault();
    event.stopPropagation();
  });
  get("snr").addEventListener("input", () => setSnr(get("snr").valueAsNumber));
  get("snr").addEventListener("change", showDial);
  const curve = get("curve");
  const along = (event) => {
    const x = event.clientX - curve.getBoundingClientRect().left;
    const share = (x - plot.left) / (plot.width - plot.left - plot.right);
    setSnr(Math.round((LOWEST + Math.max(0, Math.min(1, share)) * (HIGHEST - LOWEST)) * 2) / 2);
  };
  curve.addEventListener("pointerdown", (event) => {
    curve.setPointerCapture(event.pointerId);
    along(event);
  });
  curve.addEventListener("pointermove", (event) => {
    if (curve.hasPointerCapture(event.pointerId)) along(event);
  });
}

function listen() {
  listenToDial();
  get("play").addEventListener("click", toggle);
  get("position").addEventListener("input", () => player.seek(get("position").valueAsNumber * RATE));
  get("view").addEventListener("pointerdown", (event) => {
    const box = get("view").getBoundingClientRect();
    player.seek(((event.clientX - box.left) / box.width) * player.length);
  });
  get("open").addEventListener("click", () => get("file").click());
  get("file").addEventListener("change", () => {
    if (get("file").files[0]) useFile(get("file").files[0]);
    get("file").value = "";
  });
  document.querySelectorAll("[name=own]").forEach((radio) => {
    radio.addEventListener("change", () => state.own && useOwn(state.own));
  });
  get("record").addEventListener("click", toggleRecording);
  get("live").addEventListener("click", toggleLive);
  get("bypass").addEventListener("click", toggleBypass);
  for (const [id, gained] of [["absolute", false], ["gained", true]]) {
    get(id).addEventListener("click", () => {
      state.gained = gained;
      get("absolute").setAttribute("aria-pressed", String(!gained));
      get("gained").setAttribute("aria-pressed", String(gained));
      drawCurves();
    });
  }
  let inside = 0;
  addEventListener("dragenter", (event) => {
    event.preventDefault();
    get("drop").hidden = ++inside < 1;
  });
  addEventListener("dragleave", () => (get("drop").hidden = --inside < 1));
  addEventListener("dragover", (event) => event.preventDefault());
  addEventListener("drop", (event) => {
    event.preventDefault();
    inside = 0;
    get("drop").hidden = true;
    const file = event.dataTransfer.files[0];
    if (file) useFile(file);
    else complain("That was no file: drop a sound file, or choose one with the button.");
  });
  addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const field = event.target.matches("input[type=number], select, input[type=range]");
    const onControl = field || event.target.matches("button:focus-visible, input:focus-visible");
    const key = event.key;
    if (field && key !== "Escape") return;
    const step = event.shiftKey ? 0.1 : 1;
    const actions = {
      " ": () => toggle(),
      "[": () => setSnr(state.snr - step), "{": () => setSnr(state.snr - step),
      "]": () => setSnr(state.snr + step), "}": () => setSnr(state.snr + step),
      ArrowLeft: () => player.seek(player.position - 0.25 * RATE),
      ArrowRight: () => player.seek(player.position + 0.25 * RATE),
      b: toggleBypass, B: toggleBypass,
    };
    if (KEYS.includes(key) && key.length === 1) choose(KEYS.indexOf(key));
    else if (key in actions) {
      if (onControl && (key === " " || key.startsWith("Arrow"))) return;
      actions[key]();
    } else return;
    event.preventDefault();
  });
  document.addEventListener("click", (event) => {
    // A mouse click leaves no focus on the button: the space bar goes on to play and stop.
    if (event.detail > 0 && event.target.closest("button")) {
      document.querySelector("main").focus({ preventScroll: true });
    }
  });
  player.onchange = showPlaying;
  const follow = () => {
    if (player.playing) showTime();
    requestAnimationFrame(follow);
  };
  requestAnimationFrame(follow);
  new ResizeObserver(() => {
    systems.forEach(paintCard);
    drawCurves();
  }).observe(document.querySelector("main"));
}

// ----------------------------------------------------------------- the page around, light or dark

function setUpTheme() {
  const root = document.documentElement;
  const embedded = window.parent !== window;
  root.classList.toggle("embedded", embedded);
  const redraw = () => {
    if (crew) drawCurves();
  };
  const adopt = (theme) => {
    root.dataset.theme = theme;
    redraw();
  };
  let kept = null;
  try {
    kept = localStorage.getItem("snrlib-theme");
  } catch {
    // a page from the disk may be refused
  }
  if (outerFrame()) followTheme(redraw);
  else adopt(kept || (matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light"));
  get("theme").addEventListener("click", () => {
    adopt(root.dataset.theme === "dark" ? "light" : "dark");
    try {
      localStorage.setItem("snrlib-theme", root.dataset.theme);
    } catch {
      // not kept
    }
  });
  if (!embedded) return;
  // The pages of the book tell their theme, and want to know how high this one is.
  addEventListener("message", ({ data }) => {
    if (data && ["light", "dark"].includes(data.snrlibTheme)) adopt(data.snrlibTheme);
    if (data?.snrlibStop) player.stop();
  });
  new ResizeObserver(() => {
    const height = document.body.offsetHeight + 4;
    window.parent.postMessage({ snrlibDesk: height }, "*");
    if (outerFrame()) outerFrame().style.height = `${height}px`;
  }).observe(document.body);
}

// ------------------------------------------------------------------------------------ beginning

function missing() {
  if (typeof WebAssembly === "undefined") return "WebAssembly";
  if (typeof DecompressionStream === "undefined") return "DecompressionStream";
  if (typeof Worker === "undefined") return "workers";
  return "";
}

window.snrlibDesk = {
  arrived: (arrived) => arriving.get(arrived.key)?.(arrived),
  state, systems, player, setSnr, choose, useFile, toggle,
};

function begin() {
  setUpTheme();
  get("credits").textContent = facts.credits;
  buildDial();
  buildChoices();
  buildCards();
  listen();
  const size = Math.max(2, Math.min(4, (navigator.hardwareConcurrency || 2) - 1));
  const lacking = missing();
  try {
    if (lacking) throw new Error(lacking);
    crew = new Crew(size, get("worker").textContent, bytesOf(facts.engine).buffer);
  } catch (error) {
    // Mixing and playing go on; spectrograms and networks need what is not there.
    crew = { hear: () => Promise.resolve(null), load: async () => {}, home: new Map() };
    complain(
      `This browser has no ${error.message}, so no network can run here: take a Chrome, Edge, Firefox or Safari of 2023 or later.`,
    );
  }
  window.snrlibDesk.crew = crew;
  useSentence();
  state.heard = systems.findIndex((system) => system.name === "S2");
  if (state.heard < 0) state.heard = 1;
  player.select(state.heard);
  showCards();
  if (!lacking && crew.ready) {
    crew.ready.then(loadReleased, (error) => {
      complain(`The engine does not start here (${error.message}); take a current browser.`);
    });
  }
}

begin();
