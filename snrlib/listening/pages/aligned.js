// Several versions of one signal, played in step: every source starts at the same instant, and
// switching only moves gains, so that a switch is sample-aligned and does not click.
"use strict";

const SWITCH_SECONDS = 0.005; // time constant of a switch, a start and a stop
const SEAM_SECONDS = 0.005; // fade at both ends of a looped part

// A 16-bit mono WAV file, as snrlib writes it, in a data: address.
// Read by hand: every source then has exactly the samples that were written, none moved or
// resampled by a decoder.
function readWav(address) {
  const bytes = Uint8Array.from(atob(address.split(",", 2)[1]), (c) => c.charCodeAt(0));
  const view = new DataView(bytes.buffer);
  const text = (at) => String.fromCharCode(...bytes.subarray(at, at + 4));
  if (text(0) !== "RIFF" || text(8) !== "WAVE") throw new Error("not a WAV file");
  let rate = 0;
  for (let at = 12; at + 8 <= bytes.length; ) {
    const size = view.getUint32(at + 4, true);
    if (text(at) === "fmt ") rate = view.getUint32(at + 12, true);
    if (text(at) === "data") {
      const samples = new Float32Array(Math.floor(size / 2));
      for (let i = 0; i < samples.length; i++) {
        samples[i] = view.getInt16(at + 8 + 2 * i, true) / 32768;
      }
      return { samples, rate };
    }
    at += 8 + size + (size % 2);
  }
  throw new Error("a WAV file without samples");
}

// The part of `samples` from `begin` to `end`, zero-padded, with faded ends so that it can loop.
function part(samples, begin, end, rate, faded) {
  const cut = new Float32Array(end - begin);
  cut.set(samples.subarray(begin, Math.min(end, samples.length)));
  const fade = faded ? Math.min(Math.round(SEAM_SECONDS * rate), cut.length >> 1) : 0;
  for (let i = 0; i < fade; i++) {
    const weight = 0.5 - 0.5 * Math.cos((Math.PI * (i + 0.5)) / fade);
    cut[i] *= weight;
    cut[cut.length - 1 - i] *= weight;
  }
  return cut;
}

// All sources in one audio graph, started at `when`; the gain of `audible` is 1, of the others 0.
function buildGraph(context, parts, rate, audible, loop, when, offset) {
  const master = context.createGain();
  master.connect(context.destination);
  const gains = [];
  const nodes = parts.map((samples, i) => {
    const buffer = context.createBuffer(1, samples.length, rate);
    buffer.copyToChannel(samples, 0);
    const node = context.createBufferSource();
    node.buffer = buffer;
    node.loop = loop;
    const gain = context.createGain();
    gain.gain.value = i === audible ? 1 : 0;
    node.connect(gain).connect(master);
    gains.push(gain);
    node.start(when, offset);
    return node;
  });
  return { master, gains, nodes };
}

// The gains of two sources add up to 1 all through a switch: between equal signals it is inaudible.
function switchGains(gains, audible, when) {
  gains.forEach((gain, i) => {
    gain.gain.setTargetAtTime(i === audible ? 1 : 0, when, SWITCH_SECONDS);
  });
}

class AlignedPlayer {
  // sources: [{name, samples: Float32Array}], all at `rate`.
  constructor(sources, rate) {
    this.sources = sources;
    this.rate = rate;
    this.length = Math.max(...sources.map((source) => source.samples.length));
    this.audible = 0;
    this.loop = false;
    this.region = null; // {begin, end} in samples
    this.rest = 0; // where the next start begins, in samples
    this.graph = null;
    this.context = null;
    this.loopedBefore = false; // whether the whole was looped before a part was chosen
    this.onchange = () => {};
  }

  // Seconds of sound that have really passed; a clock that stands still plays nothing.
  get clock() {
    return this.context ? this.context.currentTime : 0;
  }

  get playing() {
    return this.graph !== null;
  }

  get begin() {
    return this.region ? this.region.begin : 0;
  }

  get end() {
    return this.region ? this.region.end : this.length;
  }

  // Where in the signal the listener is, in samples.
  get position() {
    if (!this.playing) return this.rest;
    const heard = this.context.currentTime - this.startedAt;
    const gone = this.startedFrom + Math.max(0, heard) * this.rate - this.begin;
    const length = this.end - this.begin;
    return this.begin + (this.graphLoops ? gone % length : Math.min(gone, length));
  }

  async play() {
    if (this.playing) return;
    if (!this.context) {
      try {
        // At the rate of the clips: the browser then resamples the sum, not each source.
        this.context = new AudioContext({ sampleRate: this.rate });
      } catch {
        this.context = new AudioContext();
      }
    }
    // "interrupted" (a call, a locked screen) is a state of its own. A context that cannot be
    // resumed leaves the promise open; whoever asks whether something is heard looks at the clock.
    if (this.context.state !== "running") {
      await Promise.race([this.context.resume(), new Promise((go) => setTimeout(go, 500))]);
    }
    if (this.playing) return;
    this.start();
    this.onchange();
  }

  start() {
    if (this.rest < this.begin || this.rest >= this.end - 1) this.rest = this.begin;
    const faded = this.loop || this.region !== null;
    const parts = this.sources.map((source) =>
      part(source.samples, this.begin, this.end, this.rate, faded),
    );
    const when = this.context.currentTime + 0.01;
    const offset = (this.rest - this.begin) / this.rate;
    this.startedAt = when;
    this.startedFrom = this.rest;
    this.graphLoops = this.loop;
    const graph = buildGraph(
      this.context, parts, this.rate, this.audible, this.loop, when, offset,
    );
    graph.master.gain.value = 0;
    graph.master.gain.setTargetAtTime(1, when, SWITCH_SECONDS);
    graph.nodes[0].onended = () => {
      if (this.graph !== graph) return;
      this.graph = null;
      this.rest = this.begin;
      this.onchange();
    };
    this.graph = graph;
  }

  stop() {
    if (!this.playing) return;
    this.rest = Math.floor(this.position);
    this.silence();
    this.onchange();
  }

  silence() {
    const { master, nodes } = this.graph;
    this.graph = null;
    const now = this.context.currentTime;
    master.gain.setTargetAtTime(0, now, SWITCH_SECONDS);
    nodes.forEach((node) => node.stop(now + 10 * SWITCH_SECONDS));
  }

  toggle() {
    return this.playing ? this.stop() : this.play();
  }

  select(index) {
    if (index < 0 || index >= this.sources.length) return;
    this.audible = index;
    if (this.playing) switchGains(this.graph.gains, index, this.context.currentTime);
    this.onchange();
  }

  // Goes on from `sample`, playing or not.
  seek(sample) {
    this.restart(() => {
      this.rest = Math.max(0, Math.min(Math.round(sample), this.length - 1));
      if (this.region && (this.rest < this.begin || this.rest >= this.end)) this.region = null;
    });
  }

  setRegion(begin, end) {
    const region = begin === null ? null : {
      begin: Math.max(0, Math.round(Math.min(begin, end))),
      end: Math.min(this.length, Math.round(Math.max(begin, end))),
    };
    this.restart(() => {
      // Choosing a part loops it; giving the part up gives that loop up, too.
      if (region && !this.region) this.loopedBefore = this.loop;
      if (!region && this.region) this.loop = this.loopedBefore;
      this.region = region;
      if (region) this.loop = true;
    });
  }

  setLoop(loop) {
    this.restart(() => {
      this.loop = loop;
    });
  }

  restart(change) {
    const playing = this.playing;
    if (playing) {
      this.rest = Math.floor(this.position);
      this.silence();
    }
    change();
    if (playing) this.start();
    this.onchange();
  }

  // What a listener would hear, computed without sound: `switches` is [[seconds, source], ...].
  async render(switches, seconds) {
    const context = new OfflineAudioContext(1, Math.round(seconds * this.rate), this.rate);
    const parts = this.sources.map((source) =>
      part(source.samples, this.begin, this.end, this.rate, this.loop || this.region !== null),
    );
    const { gains } = buildGraph(context, parts, this.rate, this.audible, this.loop, 0, 0);
    switches.forEach(([when, source]) => switchGains(gains, source, when));
    return (await context.startRendering()).getChannelData(0);
  }
}
