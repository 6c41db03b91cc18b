// The aligned player of the panel, with two things more: what a source holds may be exchanged
// while it plays, at the same sample and without a click, and one volume stands over all of them.
"use strict";

const FADE_SECONDS = 0.008; // from the old samples of a source to its new ones

class DeskPlayer extends AlignedPlayer {
  constructor(sources) {
    super(sources, RATE);
    this.loop = true;
    this.level = 1;
  }

  start() {
    super.start();
    const { context, graph } = this;
    if (!this.volume || this.volume.context !== context) {
      // "interrupted" (a call, a locked screen) is a state of its own, and ends by itself only here.
      context.onstatechange = () => {
        if (this.playing && !["running", "closed"].includes(context.state)) {
          context.resume().catch(() => {});
        }
      };
      this.volume = context.createGain();
      this.volume.gain.value = this.level;
      this.volume.connect(context.destination);
    }
    graph.master.disconnect();
    graph.master.connect(this.volume);
    // A fade of its own for each node, so that one can be exchanged for another.
    graph.fades = graph.nodes.map((node, i) => {
      const fade = context.createGain();
      node.disconnect();
      node.connect(fade).connect(graph.gains[i]);
      return fade;
    });
  }

  // New samples of the same length for a source.
  replace(index, samples) {
    this.sources[index].samples = samples;
    if (!this.playing) return;
    const { context, graph } = this;
    // A whole number of samples after the start: nothing is interpolated.
    const since = Math.ceil((context.currentTime + 0.01 - this.startedAt) * this.rate);
    const when = this.startedAt + since / this.rate;
    const gone = since + this.startedFrom - this.begin;
    const length = this.end - this.begin;
    const node = context.createBufferSource();
    const buffer = context.createBuffer(1, length, this.rate);
    buffer.copyToChannel(part(samples, this.begin, this.end, this.rate, true), 0);
    node.buffer = buffer;
    node.loop = true;
    const fade = context.createGain();
    fade.gain.setValueAtTime(0, when);
    fade.gain.linearRampToValueAtTime(1, when + FADE_SECONDS);
    node.connect(fade).connect(graph.gains[index]);
    node.start(when, (gone % length) / this.rate);
    const [oldNode, oldFade] = [graph.nodes[index], graph.fades[index]];
    oldFade.gain.cancelScheduledValues(when);
    oldFade.gain.setValueAtTime(1, when);
    oldFade.gain.linearRampToValueAtTime(0, when + FADE_SECONDS);
    oldNode.onended = null;
    oldNode.stop(when + 2 * FADE_SECONDS);
    graph.nodes[index] = node;
    graph.fades[index] = fade;
  }

  // Other signals altogether; what sounded goes on sounding, from the beginning.
  exchange(sources, audible) {
    this.restart(() => {
      this.sources = sources;
      this.length = Math.max(...sources.map((source) => source.samples.length));
      this.region = null;
      this.rest = 0;
      this.audible = audible;
    });
  }

  setLevel(level) {
    this.level = level;
    if (this.volume) this.volume.gain.setTargetAtTime(level, this.context.currentTime, 0.02);
  }
}
