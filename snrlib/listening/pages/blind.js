// The listening test: asks one trial after the other and keeps every answer at once.
"use strict";

const test = JSON.parse(document.getElementById("test").textContent);
const get = (id) => document.getElementById(id);

// FNV-1a, then mulberry32: the same numbers as snrlib.listening.blind draws.
function randomFrom(seed) {
  let state = 2166136261;
  for (const byte of new TextEncoder().encode(seed)) {
    state = Math.imul(state ^ byte, 16777619) >>> 0;
  }
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}

function shuffled(things, random) {
  const order = [...things];
  for (let i = order.length - 1; i > 0; i--) {
    const j = Math.floor(random() * (i + 1));
    [order[i], order[j]] = [order[j], order[i]];
  }
  return order;
}

// The trials of one listener, in order; see BlindTest.plan.
function planFor(listener) {
  const random = randomFrom(`${test.seed}/${listener}`);
  const all = [];
  for (let repeat = 0; repeat < test.repeats; repeat++) {
    test.scenes.forEach((_, scene) => {
      test.pairs.forEach(([a, b]) => all.push({ kind: "abx", scene, a, b }));
    });
  }
  const trials = shuffled(all, random).map((trial) => {
    const turned = random() < 0.5 ? { ...trial, a: trial.b, b: trial.a } : trial;
    return { ...turned, x: random() < 0.5 ? "A" : "B" };
  });
  if (test.rated.length) {
    for (const scene of shuffled(test.scenes.map((_, i) => i), random)) {
      trials.push({ kind: "rating", scene, systems: shuffled(test.rated, random) });
    }
  }
  return trials;
}

// --- keeping answers -----------------------------------------------------------------------

let session = null; // {listener, started, answers, draft}
let plan = [];
let keptInBrowser = true;

const keyOf = (listener) => `snrlib-listening/${test.id}/${listener}`;

function answerDocument() {
  return {
    format: test.format,
    version: 1,
    test: test.id,
    title: test.title,
    seed: test.seed,
    listener: session.listener,
    example: false,
    started: session.started,
    saved: new Date().toISOString(),
    answers: session.answers,
    draft: session.draft,
  };
}

const judgements = (count) => `${count} judgement${count === 1 ? "" : "s"}`;

function keep() {
  const text = JSON.stringify(answerDocument());
  try {
    localStorage.setItem(keyOf(session.listener), text);
    keptInBrowser = true;
  } catch {
    keptInBrowser = false;
  }
  const box = boxOfNotebook();
  if (box) {
    box.value = text;
    box.dispatchEvent(new Event("input", { bubbles: true }));
    box.dispatchEvent(new Event("change", { bubbles: true }));
  }
  const count = judgements(session.answers.length);
  get("kept").classList.toggle("problem", !keptInBrowser && !box);
  get("kept").textContent = box
    ? `${count}; each is written to a file beside the notebook at once.`
    : keptInBrowser
      ? `${count}; each is kept in this browser at once. Closing the page loses nothing.`
      : "This browser keeps nothing: download your answers before you close the page.";
}

// The notebook's hidden field, which its kernel reads.
function boxOfNotebook() {
  if (!test.box) return null;
  try {
    return outerFrame().ownerDocument.querySelector(`.${test.box} textarea`);
  } catch {
    return null;
  }
}

function earlier(listener) {
  const found = [test.saved && test.saved[listener]];
  try {
    found.push(JSON.parse(localStorage.getItem(keyOf(listener))));
  } catch {
    // nothing kept, or nothing that can be read
  }
  return found
    .filter((one) => one && one.test === test.id)
    .sort((a, b) => b.answers.length - a.answers.length)[0];
}

function csv() {
  const quote = (value) => {
    const text = value === null || value === undefined ? "" : String(value);
    return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
  };
  const first = { test: test.id, listener: session.listener, example: false };
  const columns = [...Object.keys(first), ...test.columns];
  const rows = session.answers.map((row) => ({ ...first, ...row }));
  return [columns, ...rows.map((row) => columns.map((name) => row[name]))]
    .map((line) => line.map(quote).join(",") + "\r\n")
    .join("");
}

function readCsv(text) {
  const lines = [[""]];
  let quoted = false;
  const clean = text.replace(/^\ufeff/, "");
  for (let i = 0; i < clean.length; i++) {
    const line = lines[lines.length - 1];
    const c = clean[i];
    if (quoted && c === '"' && clean[i + 1] === '"') line[line.length - 1] += clean[++i];
    else if (c === '"') quoted = !quoted;
    else if (c === "," && !quoted) line.push("");
    else if (c === "\n" && !quoted) lines.push([""]);
    else if (c !== "\r" || quoted) line[line.length - 1] += c;
  }
  const [columns, ...rows] = lines.filter((line) => line.length > 1);
  const numbers = ["trial", "snr_db", "rating", "seconds"];
  const answers = rows.map((line) => {
    const row = {};
    columns.forEach((name, i) => {
      const value = line[i];
      if (value === "" || value === undefined) row[name] = null;
      else if (numbers.includes(name)) row[name] = Number(value);
      else if (name === "correct") row[name] = value.toLowerCase() === "true";
      else row[name] = value;
    });
    return row;
  });
  const own = (row) => Object.fromEntries(test.columns.map((name) => [name, row[name]]));
  return {
    test: answers[0].test,
    listener: answers[0].listener,
    answers: answers.map(own),
    draft: null,
  };
}

function download(name, type, text) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([text], { type }));
  const who = session.listener.replace(/[^\p{L}\p{N}-]+/gu, "_").slice(0, 40) || "listener";
  link.download = `answers-${who}-${test.id}.${name}`;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 1000);
}

// --- sound -----------------------------------------------------------------------------------

const decoded = new Map();
let player = null;
let context = null;

function clip(scene, system) {
  const key = `${scene}/${system}`;
  if (!decoded.has(key)) decoded.set(key, readWav(test.scenes[scene].clips[system]));
  return decoded.get(key);
}

// A player for some clips; one audio context serves the whole test.
function playerFor(clips) {
  hush();
  player = new AlignedPlayer(clips, clips[0].rate);
  player.context = context;
  player.loop = true;
  return player;
}

function hush() {
  if (player) {
    context = player.context;
    player.onchange = () => {};
    player.stop();
  }
}

function loudest() {
  let best = { level: -1 };
  test.scenes.forEach((scene, i) => {
    for (const system of Object.keys(scene.clips)) {
      const { samples } = clip(i, system);
      const level = samples.reduce((sum, value) => sum + value * value, 0) / samples.length;
      if (level > best.level) best = { level, scene: i, system };
    }
  });
  return clip(best.scene, best.system);
}

// --- one trial ---------------------------------------------------------------------------------

let trialIndex = 0;
let trialBegan = 0;
let heard = new Set(); // versions that sounded for long enough
let sounded = []; // seconds of sound of each version, by the clock of the sound
let clockBefore = 0;
let stoodStill = 0; // since when it should play and the clock does not move
let refresh = () => {};
let keys = {};

function show(section) {
  for (const id of ["start", "trial", "end"]) get(id).hidden = id !== section;
  get("keep").hidden = section === "start";
  window.scrollTo(0, 0);
}

const done = (index) => session.answers.some((answer) => answer.trial === index);

function next() {
  trialIndex = plan.findIndex((_, index) => !done(index));
  if (trialIndex < 0) return finish();
  const trial = plan[trialIndex];
  show("trial");
  get("count").textContent = `Trial ${trialIndex + 1} of ${plan.length}`;
  get("sources").replaceChildren();
  get("answer").replaceChildren();
  heard = new Set();
  sounded = [];
  keys = {};
  trialBegan = performance.now();
  if (trial.kind === "abx") askAbx(trial);
  else askRating(trial);
  get("position").max = player.length / player.rate;
  player.onchange = () => {
    get("play").textContent = player.playing ? "Stop" : "Play";
    get("whole").disabled = player.region === null;
    get("region").hidden = player.region === null;
    if (player.region) {
      get("region").style.left = `${(100 * player.begin) / player.length}%`;
      get("region").style.width = `${(100 * (player.end - player.begin)) / player.length}%`;
    }
    document.querySelectorAll("[data-source]").forEach((button) => {
      button.setAttribute("aria-pressed", String(Number(button.dataset.source) === player.audible));
    });
    refresh();
  };
  player.onchange();
  get("question").focus();
}

const HEARD_SECONDS = 0.3; // of a version, before an answer about it is taken

// Counts what has sounded, by the clock of the sound: an interrupted context plays nothing, and
// nobody is to answer about silence.
function listenAlong(now) {
  if (!player || !player.playing) {
    clockBefore = player ? player.clock : 0;
    stoodStill = 0;
    return;
  }
  const moved = player.clock - clockBefore;
  clockBefore = player.clock;
  if (moved > 0) {
    stoodStill = 0;
    const index = player.audible;
    sounded[index] = (sounded[index] || 0) + moved;
    const enough = Math.min(HEARD_SECONDS, player.length / player.rate);
    if (sounded[index] >= enough && !heard.has(index)) {
      heard.add(index);
      if (!get("trial").hidden) refresh();
    }
    return;
  }
  stoodStill = stoodStill || now;
  if (now - stoodStill > 1500 && !get("trial").hidden) {
    player.stop();
    hint("No sound is playing: the browser has interrupted it. Press Play again.");
  }
}

function sourceButton(label, index, key) {
  const button = document.createElement("button");
  button.type = "button";
  button.dataset.source = index;
  const hint = document.createElement("kbd");
  hint.textContent = key;
  hint.setAttribute("aria-hidden", "true");
  button.append(hint, label);
  button.setAttribute("aria-keyshortcuts", key);
  // Choosing a version plays it: nobody should have to press twice.
  const choose = () => {
    player.select(index);
    player.play();
  };
  button.addEventListener("click", choose);
  keys[key] = choose;
  return button;
}

function record(rows) {
  const trial = plan[trialIndex];
  const scene = test.scenes[trial.scene];
  const seconds = Math.round((performance.now() - trialBegan) / 100) / 10;
  const shared = { trial: trialIndex, kind: trial.kind, scene: scene.name, snr_db: scene.snr_db };
  for (const row of rows) {
    const all = { ...shared, ...row, seconds };
    session.answers.push(
      Object.fromEntries(test.columns.map((name) => [name, all[name] ?? null])),
    );
  }
  session.draft = null;
  keep();
  hush();
  next();
}

function askAbx(trial) {
  const { a, b, x } = trial;
  const systems = [a, b, x === "A" ? a : b];
  playerFor(systems.map((system) => clip(trial.scene, system)));
  get("question").textContent = "Is X the same as A, or the same as B?";
  get("how").textContent =
    "Listen to all three as often as you like; they run in step. If you cannot tell, guess. " +
    "Keys: 1, 2, 3 choose what you hear, space stops, A and B answer.";
  const row = document.createElement("div");
  row.className = "row";
  row.setAttribute("role", "group");
  row.setAttribute("aria-label", "What you hear");
  ["A", "B", "X"].forEach((label, i) => row.append(sourceButton(label, i, String(i + 1))));
  get("sources").append(row);
  const buttons = ["A", "B"].map((letter) => {
    const button = document.createElement("button");
    button.type = "button";
    button.dataset.answer = letter;
    button.textContent = `X is ${letter}`;
    button.setAttribute("aria-keyshortcuts", letter);
    const answer = () => {
      if (!button.disabled) record([{ a, b, x, answer: letter, correct: letter === x }]);
    };
    button.addEventListener("click", answer);
    keys[letter.toLowerCase()] = answer;
    get("answer").append(button);
    return button;
  });
  refresh = () => {
    const ready = heard.size === 3;
    buttons.forEach((button) => {
      button.disabled = !ready;
    });
    hint(ready ? "" : "Listen to A, B and X before you answer.");
  };
}

function askRating(trial) {
  const systems = [test.reference, ...trial.systems];
  playerFor(systems.map((system) => clip(trial.scene, system)));
  get("question").textContent = "How good is each version, compared with the reference?";
  get("how").textContent =
    "One of the versions is the reference itself: it deserves 100. Compare them with each other, " +
    "too. Keys: 0 plays the reference, digits the versions; arrows move a chosen slider.";
  const ratings = {};
  if (session.draft && session.draft.trial === trialIndex) {
    Object.assign(ratings, session.draft.ratings);
  }
  const reference = document.createElement("div");
  reference.className = "rating";
  reference.append(sourceButton("Reference", 0, "0"));
  const scale = document.createElement("div");
  scale.className = "scale quiet";
  scale.setAttribute("aria-hidden", "true");
  const words = document.createElement("span");
  ["bad", "poor", "fair", "good", "excellent"].forEach((word) => {
    const part = document.createElement("span");
    part.textContent = word;
    words.append(part);
  });
  scale.append(words);
  reference.append(scale);
  get("sources").append(reference);
  trial.systems.forEach((system, i) => {
    const row = document.createElement("div");
    row.className = "rating";
    const slider = document.createElement("input");
    slider.type = "range";
    slider.min = 0;
    slider.max = 100;
    slider.dataset.rating = i;
    slider.setAttribute("aria-label", `Rating of version ${i + 1}, 0 bad to 100 excellent`);
    const shown = document.createElement("output");
    const paint = () => {
      const set = system in ratings;
      slider.classList.toggle("unset", !set);
      shown.textContent = set ? ratings[system] : "\u2013";
      slider.setAttribute("aria-valuetext", set ? `${ratings[system]} of 100` : "not rated yet");
    };
    const rate = () => {
      ratings[system] = Number(slider.value);
      paint();
      refresh();
    };
    const store = () => {
      rate();
      session.draft = { trial: trialIndex, ratings: { ...ratings } };
      keep();
    };
    slider.value = system in ratings ? ratings[system] : 50;
    slider.addEventListener("input", rate);
    slider.addEventListener("change", store);
    // A click on the knob where it stands is an answer, too.
    slider.addEventListener("click", store);
    paint();
    row.append(sourceButton(`Version ${i + 1}`, i + 1, String(i + 1)), slider, shown);
    get("sources").append(row);
  });
  const on = document.createElement("button");
  on.type = "button";
  on.id = "rated";
  on.className = "primary";
  on.textContent = "Next";
  on.addEventListener("click", () => {
    record(trial.systems.map((system) => ({ system, rating: ratings[system] })));
  });
  get("answer").append(on);
  refresh = () => {
    const left = trial.systems.length - Object.keys(ratings).length;
    const unheard = systems.length - heard.size;
    on.disabled = left > 0 || unheard > 0;
    hint(
      unheard ? "Listen to the reference and to every version."
        : left ? `${left} to rate: move its slider, or click on it where it stands.` : "",
    );
  };
}

function hint(text) {
  if (get("hint").textContent !== text) get("hint").textContent = text;
}

function finish() {
  hush();
  const abx = session.answers.filter((row) => row.kind === "abx");
  const hidden = session.answers.filter((row) => row.system === test.reference);
  const right = abx.filter((row) => row.correct).length;
  const parts = [];
  if (abx.length) {
    parts.push(`You told ${right} of ${abx.length} pairs apart; guessing gives ${abx.length / 2}.`);
  }
  if (hidden.length) {
    const mean = hidden.reduce((sum, row) => sum + row.rating, 0) / hidden.length;
    parts.push(`You gave the hidden reference ${Math.round(mean)} of 100 on average.`);
  }
  get("summary").textContent = parts.join(" ");
  get("send").hidden = Boolean(boxOfNotebook());
  show("end");
  keep();
  get("thanks").focus();
}

// --- start -------------------------------------------------------------------------------------

function begin(listener) {
  const before = earlier(listener);
  session = {
    listener,
    started: (before && before.started) || new Date().toISOString(),
    answers: before ? before.answers : [],
    draft: before ? before.draft : null,
  };
  plan = planFor(listener);
  hush();
  keep();
  next();
}

function complain(text) {
  get("start-note").classList.add("problem");
  get("start-note").textContent = text;
}

async function importFile(file) {
  try {
    const text = await file.text();
    const content = file.name.toLowerCase().endsWith(".csv") ? readCsv(text) : JSON.parse(text);
    if (content.test !== test.id) {
      return complain("These answers belong to another test: its page or its audio differs.");
    }
    session = {
      listener: String(content.listener),
      started: content.started || new Date().toISOString(),
      answers: content.answers,
      draft: content.draft || null,
    };
    keep();
    get("name").value = session.listener;
    begin(session.listener);
  } catch {
    complain("This file holds no answers: take a JSON or CSV file that this page has saved.");
  }
}

function startTest() {
  document.title = test.title;
  get("title").textContent = test.title;
  if (typeof AudioContext === "undefined") {
    get("start").replaceChildren(
      "This browser cannot play the test (it has no AudioContext); open the page in a current " +
        "Firefox, Chrome, Edge or Safari.",
    );
    followTheme(() => {});
    return;
  }
  const abx = test.repeats * test.scenes.length * test.pairs.length;
  const ratings = test.rated.length ? test.scenes.length : 0;
  get("minutes").textContent = Math.max(1, Math.round((abx * 15 + ratings * 60) / 60));
  const name = get("name");
  const look = () => {
    const listener = name.value.trim();
    get("begin").disabled = !listener;
    const before = listener && earlier(listener);
    const count = before ? before.answers.length : 0;
    get("begin").textContent = count ? "Go on" : "Begin";
    get("start-note").classList.remove("problem");
    get("start-note").textContent = count ? `${judgements(count)} already there.` : "";
  };
  name.addEventListener("input", look);
  name.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && name.value.trim()) begin(name.value.trim());
  });
  get("begin").addEventListener("click", () => begin(name.value.trim()));
  get("import").addEventListener("change", (event) => importFile(event.target.files[0]));
  get("loudness").addEventListener("click", () => {
    if (player && player.playing) {
      hush();
      get("loudness").textContent = "Play the loudest clip";
      return;
    }
    playerFor([loudest()]);
    player.onchange = () => {
      get("loudness").textContent = player.playing ? "Stop" : "Play the loudest clip";
    };
    player.play();
  });
  get("json").addEventListener("click", () => {
    download("json", "application/json", JSON.stringify(answerDocument(), null, 2) + "\n");
  });
  get("csv").addEventListener("click", () => download("csv", "text/csv", csv()));
  get("leave").addEventListener("click", () => {
    hush();
    get("loudness").textContent = "Play the loudest clip";
    show("start");
    look();
  });

  get("play").addEventListener("click", () => player.toggle());
  const markBegin = () => {
    const end = player.region ? player.end : player.length;
    if (player.position < end - 0.1 * player.rate) player.setRegion(player.position, end);
  };
  const markEnd = () => {
    if (player.position > player.begin + 0.1 * player.rate) {
      player.setRegion(player.begin, player.position);
    }
  };
  get("mark-begin").addEventListener("click", markBegin);
  get("mark-end").addEventListener("click", markEnd);
  get("whole").addEventListener("click", () => player.setRegion(null));
  get("position").addEventListener("input", () => {
    player.seek(Number(get("position").value) * player.rate);
  });
  document.addEventListener("keydown", (event) => {
    if (get("trial").hidden || event.ctrlKey || event.metaKey || event.altKey) return;
    const general = {
      " ": () => player.toggle(),
      "[": markBegin,
      "]": markEnd,
      Escape: () => player.setRegion(null),
    };
    const action = { ...general, ...keys }[event.key.length === 1 ? event.key.toLowerCase() : event.key];
    if (!action) return;
    if (event.key === " " && event.target.matches("button:focus-visible")) return;
    event.preventDefault();
    action();
  });
  document.addEventListener("click", (event) => {
    if (event.detail > 0 && event.target.closest("button")) document.activeElement.blur();
  });

  const follow = (now) => {
    listenAlong(now);
    if (!get("trial").hidden && player && (player.playing || document.activeElement !== get("position"))) {
      get("position").value = player.position / player.rate;
      get("position").setAttribute(
        "aria-valuetext", `${(player.position / player.rate).toFixed(1)} seconds`,
      );
    }
    requestAnimationFrame(follow);
  };
  requestAnimationFrame(follow);
  followTheme(() => {});
}

startTest();
