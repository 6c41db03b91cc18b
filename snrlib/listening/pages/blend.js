// Eq. 1 for one sample, and the blend of two whole signals: the blend is linear, so it is played
// as the teacher at the level alpha and the clean speech at 1 - alpha, in step.
"use strict";

const SVG = "http://www.w3.org/2000/svg";
const get = (id) => document.getElementById(id);
const facts = JSON.parse(get("facts").textContent);
const [TEACHER, CLEAN] = [0.8, 0.2]; // of one sample
const [FROM, TO, TOP] = [-0.4, 1.4, 0.55];
const across = (value) => 50 + ((value - FROM) / (TO - FROM)) * 690;
const down = (loss) => 290 - (loss / TOP) * 250;
const say = (value, digits) => value.toFixed(digits).replace("-", "\u2212");

function shape(tag, attributes, text = "") {
  const made = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  made.textContent = text;
  return made;
}

function curve(loss) {
  const points = Array.from({ length: 181 }, (_, i) => FROM + (i / 180) * (TO - FROM));
  const seen = points.filter((s) => loss(s) <= TOP * 1.08);
  return seen.map((s, i) => `${i ? "L" : "M"}${across(s).toFixed(1)} ${down(loss(s)).toFixed(1)}`).join("");
}

let alpha = facts.alpha;
let graph = null;

function draw() {
  const toTeacher = (s) => (alpha / 2) * (s - TEACHER) ** 2;
  const toClean = (s) => ((1 - alpha) / 2) * (s - CLEAN) ** 2;
  const sum = (s) => toTeacher(s) + toClean(s);
  const blend = alpha * TEACHER + (1 - alpha) * CLEAN;
  const least = sum(blend);
  const place = (kind, value, name, y) => [
    shape("line", { class: `place ${kind}`, x1: across(value), x2: across(value), y1: y + 6, y2: 290 }),
    shape("text", { class: `named ${kind}`, x: across(value), y }, name),
  ];
  get("picture").replaceChildren(
    shape("rect", { class: "floor", x: across(FROM), width: 690, y: down(least), height: 290 - down(least) }),
    shape("line", { class: "axis", x1: across(FROM), x2: across(TO), y1: 290, y2: 290 }),
    shape("path", { class: "pull teacher", d: curve(toTeacher) }),
    shape("path", { class: "pull clean", d: curve(toClean) }),
    shape("path", { class: "sum", d: curve(sum) }),
    ...place("clean", CLEAN, "clean y", 32),
    ...place("teacher", TEACHER, "teacher t", 32),
    ...place("sum", blend, "target", 14),
    shape("circle", { class: "sum", cx: across(blend), cy: down(least), r: 8 }),
    shape("text", { x: across(TO), y: 318, "text-anchor": "end" }, "the student's value of one sample, s"),
    shape("text", { x: 12, y: 180, transform: "rotate(-90 12 180)", "text-anchor": "middle" }, "loss"),
  );
  const error = alpha > 0 ? `${say(20 * Math.log10(alpha), 1)} dB beside the teacher's` : "none at all";
  get("words").textContent =
    `Lowest at the blend ${say(alpha, 2)} · ${TEACHER} + ${say(1 - alpha, 2)} · ${CLEAN} = ${say(blend, 3)}. ` +
    `What is left there, ${say(least, 3)}, is constant: no gradient. The target's error against the clean speech: ${error}.`;
  get("picture").setAttribute(
    "aria-label",
    `Two parabolas and their sum, lowest at ${say(blend, 2)}; the teacher is at ${TEACHER}, the clean speech at ${CLEAN}`,
  );
  get("value").textContent = say(alpha, 2);
  get("alpha").value = alpha;
}

function setAlpha(value) {
  alpha = Math.max(0, Math.min(1, Number(value)));
  if (graph) {
    const now = graph.context.currentTime;
    [alpha, 1 - alpha].forEach((gain, i) => graph.gains[i].gain.setTargetAtTime(gain, now, 0.01));
  }
  draw();
}

async function toggle() {
  const button = get("play");
  if (graph) {
    graph.context.close();
    graph = null;
    button.textContent = "Hear the blend";
    return;
  }
  const sounds = facts.sounds.map(readWav);
  const context = new AudioContext({ sampleRate: sounds[0].rate });
  if (context.state !== "running") await context.resume();
  const gains = sounds.map(({ samples, rate }, i) => {
    const buffer = context.createBuffer(1, samples.length, rate);
    buffer.copyToChannel(part(samples, 0, samples.length, rate, true), 0);
    const node = context.createBufferSource();
    Object.assign(node, { buffer, loop: true });
    const gain = context.createGain();
    gain.gain.value = i ? 1 - alpha : alpha;
    node.connect(gain).connect(context.destination);
    node.start(context.currentTime + 0.05);
    return gain;
  });
  graph = { context, gains };
  button.textContent = "Stop";
  const outer = outerFrame()?.ownerDocument;
  outer?.querySelectorAll("audio").forEach((audio) => audio.pause());
  outer?.dispatchEvent(new CustomEvent("snrlib-plays", { detail: get("play") }));
}

get("alpha").addEventListener("input", () => setAlpha(get("alpha").value));
get("play").addEventListener("click", () => {
  toggle().catch((error) => {
    get("words").textContent = `This browser plays no sound here (${error.message}).`;
  });
});
const drag = (event) => {
  const box = get("picture").getBoundingClientRect();
  const s = FROM + ((((event.clientX - box.left) / box.width) * 760 - 50) / 690) * (TO - FROM);
  setAlpha(Math.round(((s - CLEAN) / (TEACHER - CLEAN)) * 100) / 100);
};
get("picture").addEventListener("pointerdown", (event) => {
  get("picture").setPointerCapture(event.pointerId);
  drag(event);
});
get("picture").addEventListener("pointermove", (event) => {
  if (get("picture").hasPointerCapture(event.pointerId)) drag(event);
});
// One sound at a time, as the panels have it.
outerFrame()?.ownerDocument.addEventListener("snrlib-plays", ({ detail }) => {
  if (graph && detail !== get("play")) toggle();
});
followTheme(() => {});
draw();
new ResizeObserver(() => {
  if (outerFrame()) outerFrame().style.height = `${document.querySelector("main").offsetHeight + 12}px`;
}).observe(document.querySelector("main"));
