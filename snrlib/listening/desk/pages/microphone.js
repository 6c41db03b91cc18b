// The microphone: a few seconds of it as a recording, or live through a network to headphones.
// A browser's own noise suppression is turned off: it would leave nothing for the network to do.
"use strict";

const BLOCK = 2048; // samples enhanced at a time: 128 ms
const LEFT = 8064; // samples of the past that a network sees around a block
const AHEAD = 512; // and of the future: 32 ms
const SPARE = 1536; // until the enhanced block must be there: 96 ms to compute and to hand over
const DELAY = BLOCK + AHEAD + SPARE;
const LONGEST_DELAY = 5 * BLOCK; // to which a machine that is too busy may stretch it
const LOUD = 0.4; // RMS of what is played; speech stays below, feedback does not

// Runs on the audio thread. It passes on what it hears, and plays what has come back DELAY
// samples later; the bypass plays the microphone with the same delay. A block that comes too late
// makes the delay longer by half a block, once and for all: better late than torn.
const worklet = `
class Loop extends AudioWorkletProcessor {
  constructor({ processorOptions }) {
    super();
    Object.assign(this, processorOptions);
    this.heard = new Float32Array(this.ring);
    this.estimate = new Float32Array(this.ring);
    this.at = 0; // samples heard so far
    this.known = 0; // samples whose estimate is there
    this.missed = 0;
    this.share = 0; // of the estimate in what is played
    this.bypass = false;
    this.block = [];
    this.port.onmessage = ({ data }) => {
      if (data.bypass !== undefined) this.bypass = data.bypass;
      if (data.estimate) {
        for (let i = 0; i < data.estimate.length; i++) {
          this.estimate[(data.from + i) % this.ring] = data.estimate[i];
        }
        this.known = data.from + data.estimate.length;
      }
    };
  }
  process([input], [output]) {
    const microphone = input[0] || new Float32Array(128);
    for (let i = 0; i < microphone.length; i++) {
      const now = this.at + i;
      this.heard[now % this.ring] = microphone[i];
      const then = now - this.delay;
      let played = 0;
      if (this.play && then >= 0) {
        const there = then < this.known;
        if (!there && !this.bypass) {
          this.missed++;
          if (this.delay < this.longest) this.delay += this.size / 2;
        }
        const wanted = this.bypass || !there ? 0 : 1;
        this.share += (wanted - this.share) * 0.01; // 6 ms: no click
        const estimate = there ? this.estimate[then % this.ring] : 0;
        played = this.share * estimate + (1 - this.share) * this.heard[then % this.ring];
      }
      if (output[0]) output[0][i] = Math.max(-1, Math.min(1, played));
    }
    this.at += microphone.length;
    this.block.push(microphone.slice());
    if (this.block.length * 128 >= this.size) {
      const samples = new Float32Array(this.block.length * 128);
      this.block.forEach((part, i) => samples.set(part, 128 * i));
      this.block = [];
      const { missed, delay } = this;
      this.port.postMessage({ samples, missed, delay }, [samples.buffer]);
    }
    return true;
  }
}
registerProcessor("loop", Loop);
`;

// What to tell a reader whose microphone does not come.
function microphoneTrouble(error) {
  const known = {
    NotAllowedError:
      "The browser was not allowed to use the microphone: allow it beside the address, or drop a file.",
    NotFoundError: "There is no microphone here: plug one in, or drop a file.",
    NotReadableError: "Another program holds the microphone: close it, and try again.",
    NotSupportedError:
      "This browser cannot bring the microphone to 16 kHz: take Chrome or Edge, or drop a file.",
  };
  return known[error.name] || `The microphone does not start (${error.message}); drop a file instead.`;
}

class Microphone {
  // onblock: takes {samples, missed, delay}, BLOCK samples at a time.
  async open(play, onblock) {
    if (!navigator.mediaDevices?.getUserMedia) {
      throw new Error("this page may not ask for one: open it from https or from a file");
    }
    if (typeof AudioWorkletNode === "undefined") throw new Error("the browser has no AudioWorklet");
    const wanted = { echoCancellation: false, noiseSuppression: false, autoGainControl: false };
    this.stream = await navigator.mediaDevices.getUserMedia({ audio: wanted });
    try {
      this.context = new AudioContext({ sampleRate: RATE, latencyHint: "interactive" });
      // A blob: address fails here in Chromium; a data: address loads everywhere.
      await this.context.audioWorklet.addModule(`data:text/javascript;base64,${btoa(worklet)}`);
      const lasting = { delay: DELAY, longest: LONGEST_DELAY, size: BLOCK, ring: 8 * BLOCK };
      const processorOptions = { play, ...lasting };
      this.node = new AudioWorkletNode(this.context, "loop", {
        numberOfInputs: 1, numberOfOutputs: 1, outputChannelCount: [1], channelCount: 1,
        channelCountMode: "explicit", processorOptions,
      });
      this.node.port.onmessage = ({ data }) => onblock(data);
      this.context.createMediaStreamSource(this.stream).connect(this.node);
      this.node.connect(this.context.destination);
      // "interrupted" (a call, a locked screen) is a state of its own.
      this.context.onstatechange = () => {
        if (this.context && !["running", "closed"].includes(this.context.state)) {
          this.context.resume().catch(() => {});
        }
      };
      if (this.context.state !== "running") await this.context.resume();
    } catch (error) {
      this.close();
      throw error;
    }
  }

  close() {
    this.stream?.getTracks().forEach((track) => track.stop());
    const { context } = this;
    this.context = null;
    context?.close();
  }

  // Seconds from the mouth to the ear that are known: ours, and the browser's.
  after(samples) {
    const { baseLatency = 0, outputLatency = 0 } = this.context || {};
    return samples / RATE + baseLatency + outputLatency;
  }
}

// `seconds` of the microphone; `stop` may end it before.
async function record(seconds, onprogress, stopping) {
  const microphone = new Microphone();
  const parts = [];
  await new Promise((resolve, reject) => {
    stopping(resolve);
    microphone
      .open(false, ({ samples }) => {
        parts.push(samples);
        const sofar = (parts.length * BLOCK) / RATE;
        onprogress(sofar);
        if (sofar >= seconds) resolve();
      })
      .catch(reject);
  });
  microphone.close();
  const samples = new Float32Array(parts.length * BLOCK);
  parts.forEach((part, i) => samples.set(part, i * BLOCK));
  return samples;
}

// The microphone through a network, as long as it is open. `enhance` takes {window, left, hop} and
// answers {estimate, rms}; `tell` gets {delay, missed, heard, played, compute} after each block.
class Live {
  constructor(enhance, tell, onfeedback) {
    Object.assign(this, { enhance, tell, onfeedback });
    this.microphone = new Microphone();
  }

  async start() {
    this.past = new Float32Array(LEFT + BLOCK + AHEAD);
    this.got = 0; // samples that have come in
    this.loud = 0;
    await this.microphone.open(true, (block) => this.take(block));
  }

  async take({ samples, missed, delay }) {
    const { past } = this;
    past.copyWithin(0, samples.length);
    past.set(samples, past.length - samples.length);
    this.got += samples.length;
    // What comes back is the block that ends AHEAD samples before the last one heard.
    const from = this.got - AHEAD - BLOCK;
    const began = performance.now();
    const { estimate } = await this.enhance({ window: past.slice(), left: LEFT, hop: BLOCK });
    const compute = performance.now() - began;
    if (!this.microphone.context) return;
    const late = from < 0 ? estimate.subarray(-from) : estimate;
    this.microphone.node.port.postMessage({ estimate: late, from: Math.max(0, from) });
    const rms = (signal) => Math.sqrt(energy(signal) / signal.length);
    this.loud = rms(estimate) > LOUD ? this.loud + 1 : 0;
    this.tell({
      delay: this.microphone.after(delay), missed, compute, heard: rms(samples), played: rms(estimate),
    });
    if (this.loud >= 4) this.onfeedback();
  }

  bypass(on) {
    this.microphone.node?.port.postMessage({ bypass: on });
  }

  stop() {
    this.microphone.close();
  }
}
