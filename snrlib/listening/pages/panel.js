// The A/B panel under a table of players; it takes its sources from the rows of that table.
"use strict";

const LEFT = 58; // room for the names of the axes, in CSS pixels
const BOTTOM = 22;
const WAVE_SHARE = 0.4;

function rowsOfTable(frame) {
  const block = frame.closest(".snrlib-compare");
  return [...block.querySelectorAll(".snrlib-source")].map((row) => ({
    name: row.querySelector(".snrlib-name").textContent,
    image: row.querySelector("img"),
    ...readWav(row.querySelector("audio").getAttribute("src")),
  }));
}

function startPanel() {
  const get = (id) => document.getElementById(id);
  let sources;
  try {
    sources = rowsOfTable(outerFrame());
  } catch {
    document.querySelector("main").textContent =
      "The page around this panel does not hand it the sound; use the players above.";
    followTheme(() => {});
    return null;
  }
  if (typeof AudioContext === "undefined") {
    document.querySelector("main").textContent =
      "This browser cannot switch sounds in step (it has no AudioContext); use the players above.";
    followTheme(() => {});
    return null;
  }
  const player = new AlignedPlayer(sources, sources[0].rate);
  const seconds = player.length / player.rate;
  const peak = Math.max(
    1e-6,
    ...sources.map((s) => s.samples.reduce((most, value) => Math.max(most, Math.abs(value)), 0)),
  );
  const canvas = document.querySelector("canvas");
  let width = 0;

  const buttons = sources.map((source, i) => {
    const button = document.createElement("button");
    button.type = "button";
    if (i < 9) {
      const key = document.createElement("kbd");
      key.textContent = i + 1;
      key.setAttribute("aria-hidden", "true");
      button.append(key);
      button.setAttribute("aria-keyshortcuts", String(i + 1));
    }
    button.append(source.name);
    button.addEventListener("click", () => player.select(i));
    get("sources").append(button);
    return button;
  });

  const place = (sample) => LEFT + (sample / player.length) * (width - LEFT);
  const sampleAt = (event) => {
    const x = event.clientX - canvas.getBoundingClientRect().left;
    return (Math.max(0, Math.min(1, (x - LEFT) / (width - LEFT)))) * player.length;
  };

  function draw() {
    const box = canvas.getBoundingClientRect();
    const scale = window.devicePixelRatio || 1;
    width = box.width;
    canvas.width = Math.round(box.width * scale);
    canvas.height = Math.round(box.height * scale);
    const pen = canvas.getContext("2d");
    pen.scale(scale, scale);
    const style = getComputedStyle(document.documentElement);
    const ink = style.getPropertyValue("--quiet");
    const inside = box.width - LEFT;
    const waveHeight = (box.height - BOTTOM) * WAVE_SHARE;
    const pictureTop = waveHeight + 6;
    const pictureHeight = box.height - BOTTOM - pictureTop;
    const source = sources[player.audible];

    pen.fillStyle = style.getPropertyValue("--wave");
    const middle = waveHeight / 2;
    for (let x = 0; x < inside; x++) {
      const from = Math.floor((x / inside) * player.length);
      const to = Math.max(from + 1, Math.floor(((x + 1) / inside) * player.length));
      let low = 0;
      let high = 0;
      for (let i = from; i < to && i < source.samples.length; i++) {
        if (source.samples[i] < low) low = source.samples[i];
        if (source.samples[i] > high) high = source.samples[i];
      }
      const top = middle - (high / peak) * middle;
      pen.fillRect(LEFT + x, top, 1, Math.max(1, ((high - low) / peak) * middle));
    }
    if (source.image.complete && source.image.naturalWidth) {
      pen.drawImage(source.image, LEFT, pictureTop, inside, pictureHeight);
    }

    pen.fillStyle = ink;
    pen.font = "12px system-ui, sans-serif";
    pen.textAlign = "right";
    pen.textBaseline = "middle";
    pen.fillText(peak.toPrecision(2), LEFT - 6, 7);
    pen.fillText("0", LEFT - 6, middle);
    pen.fillText((-peak).toPrecision(2).replace("-", "\u2212"), LEFT - 6, waveHeight - 6);
    pen.fillText(`${player.rate / 2000} kHz`, LEFT - 6, pictureTop + 6);
    pen.fillText("0", LEFT - 6, pictureTop + pictureHeight - 5);
    pen.textBaseline = "top";
    const step = [0.1, 0.2, 0.5, 1, 2, 5, 10, 20].find((s) => (inside * s) / seconds > 55) || 30;
    for (let i = 0; i * step <= seconds; i++) {
      const x = LEFT + (inside * i * step) / seconds;
      pen.textAlign = i === 0 ? "left" : x > box.width - 20 ? "right" : "center";
      pen.fillRect(x, box.height - BOTTOM, 1, 4);
      pen.fillText(`${+(i * step).toFixed(1)} s`, x, box.height - BOTTOM + 6);
    }
    get("cursor").style.height = `${box.height - BOTTOM}px`;
    get("region").style.height = `${box.height - BOTTOM}px`;
    const slider = get("position");
    // The knob's middle travels from one end of the picture to the other.
    slider.style.marginLeft = `${LEFT - 8}px`;
    slider.style.width = `${inside + 16 - 8}px`;
    move();
  }

  function move() {
    const now = player.position;
    get("cursor").style.left = `${place(now) - 1}px`;
    get("time").textContent = `${(now / player.rate).toFixed(2)} s of ${seconds.toFixed(2)} s`;
    const slider = get("position");
    if (document.activeElement !== slider || player.playing) slider.value = now / player.rate;
    slider.setAttribute("aria-valuetext", `${(now / player.rate).toFixed(1)} seconds`);
  }

  let drawn = -1;
  let said = "";
  let wasPlaying = false;
  player.onchange = () => {
    if (player.playing && !wasPlaying) silenceOthers();
    wasPlaying = player.playing;
    buttons.forEach((b, i) => b.setAttribute("aria-pressed", String(i === player.audible)));
    get("play").textContent = player.playing ? "Stop" : "Play";
    get("loop").setAttribute("aria-pressed", String(player.loop));
    get("whole").disabled = player.region === null;
    const region = get("region");
    region.hidden = player.region === null;
    if (player.region) {
      region.style.left = `${place(player.begin)}px`;
      region.style.width = `${place(player.end) - place(player.begin)}px`;
    }
    const saying = `${player.playing ? "Playing" : "Stopped"}: ${sources[player.audible].name}`;
    if (saying !== said) get("status").textContent = said = saying;
    if (drawn !== player.audible) {
      drawn = player.audible;
      draw();
    }
    move();
  };

  const follow = () => {
    if (player.playing) move();
    requestAnimationFrame(follow);
  };

  // A drag selects, a click moves; less than a few pixels is a click.
  let grabbed = null;
  get("view").addEventListener("pointerdown", (event) => {
    grabbed = { x: event.clientX, sample: sampleAt(event) };
    get("view").setPointerCapture(event.pointerId);
  });
  get("view").addEventListener("pointerup", (event) => {
    if (grabbed === null) return;
    const { x, sample } = grabbed;
    grabbed = null;
    if (Math.abs(event.clientX - x) < 5) player.seek(sample);
    else player.setRegion(sample, sampleAt(event));
  });
  get("view").addEventListener("pointermove", (event) => {
    if (grabbed === null || Math.abs(event.clientX - grabbed.x) < 5) return;
    const [from, to] = [grabbed.sample, sampleAt(event)].sort((a, b) => a - b);
    Object.assign(get("region").style, {
      left: `${place(from)}px`,
      width: `${place(to) - place(from)}px`,
    });
    get("region").hidden = false;
  });

  const markBegin = () => {
    const end = player.region ? player.end : player.length;
    if (player.position < end - 0.05 * player.rate) player.setRegion(player.position, end);
  };
  const markEnd = () => {
    if (player.position > player.begin + 0.05 * player.rate) {
      player.setRegion(player.begin, player.position);
    }
  };
  get("play").addEventListener("click", () => player.toggle());
  get("loop").addEventListener("click", () => player.setLoop(!player.loop));
  get("mark").addEventListener("click", markBegin);
  get("whole").addEventListener("click", () => player.setRegion(null));
  get("position").max = seconds;
  get("position").addEventListener("input", () => {
    player.seek(Number(get("position").value) * player.rate);
  });
  document.addEventListener("click", (event) => {
    // A mouse click leaves no focus on the button: the space bar goes on to play and stop.
    if (event.detail > 0 && event.target.closest("button")) document.querySelector("main").focus();
  });
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const onControl = event.target.matches("button:focus-visible, input:focus-visible");
    const nudge = (by) => player.seek(player.position + by * player.rate);
    const actions = {
      " ": () => player.toggle(),
      l: () => player.setLoop(!player.loop),
      "[": markBegin,
      "]": markEnd,
      Escape: () => player.setRegion(null),
      ArrowLeft: () => nudge(-0.25),
      ArrowRight: () => nudge(0.25),
    };
    const digit = Number(event.key);
    if (event.key !== " " && digit >= 1 && digit <= sources.length) {
      player.select(digit - 1);
    } else if (event.key in actions) {
      const controls = event.key === " " || event.key.startsWith("Arrow");
      if (onControl && controls) return;
      actions[event.key]();
    } else {
      return;
    }
    event.preventDefault();
  });

  // One sound at a time: the players of the page and all its panels silence each other.
  const outer = outerFrame().ownerDocument;
  outer.addEventListener("play", () => player.stop(), true);
  outer.addEventListener("snrlib-plays", (event) => {
    if (event.detail !== player) player.stop();
  });
  function silenceOthers() {
    outer.querySelectorAll("audio").forEach((audio) => audio.pause());
    outer.dispatchEvent(new CustomEvent("snrlib-plays", { detail: player }));
  }

  // The keys work as soon as the pointer is here, unless somebody is typing elsewhere.
  const main = document.querySelector("main");
  const typing = (element) =>
    element && element.matches("input, textarea, select, [contenteditable], [contenteditable] *");
  document.documentElement.addEventListener("pointerenter", () => {
    if (typing(outer.activeElement) || document.hasFocus()) return;
    window.focus();
    main.focus({ preventScroll: true });
  });
  const tell = () => main.classList.toggle("listens", document.hasFocus());
  window.addEventListener("focus", tell);
  window.addEventListener("blur", tell);

  new ResizeObserver(draw).observe(canvas);
  sources.forEach((source) => source.image.addEventListener("load", draw));
  followTheme(draw);
  player.onchange();
  requestAnimationFrame(follow);
  const fit = () => {
    outerFrame().style.height = `${document.querySelector("main").offsetHeight + 12}px`;
  };
  new ResizeObserver(fit).observe(document.querySelector("main"));
  return player;
}

window.snrlibPanel = startPanel();
