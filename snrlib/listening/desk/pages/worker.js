// One of the page's hands: holds some of the networks, enhances, scores and draws spectrograms.
// What `engine.c` does not do is done here as in snrlib.enhancement: level and pieces.
"use strict";

const PIECE = 65536; // samples enhanced at a time: bounds the memory
const SECONDS_OF_LEVEL = 4; // over which a live signal's level is measured

class Engine {
  constructor(exports) {
    this.engine = exports;
    this.models = new Map();
  }

  put(bytes) {
    const at = this.engine.allocate(bytes.byteLength) >>> 0;
    if (!at) throw new Error("no memory is left for this network; close other pages");
    new Uint8Array(this.engine.memory.buffer, at, bytes.byteLength).set(bytes);
    return at;
  }

  load(facts, numbers) {
    const { channels, growth, depth, decimations, kernel, decoder_kernel: narrow } = facts.shape;
    const model = this.engine.load(
      this.put(numbers), facts.size, facts.total, channels, growth, depth, decimations, kernel,
      narrow, facts.epsilon,
    );
    if (!model) throw new Error(`the weights of ${facts.name} do not fit`);
    this.models.set(facts.key, { model, facts });
  }

  // The network's output for `scaled`, already at its level; any length.
  forward(model, facts, scaled) {
    const multiple = 2 ** facts.shape.decimations;
    const padded = new Float32Array(Math.ceil(scaled.length / multiple) * multiple);
    padded.set(scaled);
    const at = this.put(new Uint8Array(padded.buffer));
    if (!this.engine.enhance(model, at, padded.length)) throw new Error("no memory is left");
    const out = new Float32Array(this.engine.memory.buffer, at, scaled.length).slice();
    this.engine.release(at);
    return out;
  }

  // snrlib.enhancement.Enhancer.enhance; `rms` of a longer signal that this is a part of.
  enhance(key, noisy, rms = Math.sqrt(energy(noisy) / noisy.length)) {
    const { model, facts } = this.models.get(key);
    const out = new Float32Array(noisy.length);
    if (!(rms > 0)) return out;
    const factor = facts.level_rms / rms;
    const scaled = noisy.map((value) => value * factor);
    for (let begin = 0; begin < scaled.length; begin += PIECE) {
      const first = Math.max(0, begin - facts.context);
      const part = scaled.subarray(first, begin + PIECE + facts.context);
      const end = Math.min(begin + PIECE, scaled.length);
      out.set(this.forward(model, facts, part).subarray(begin - first, end - first), begin);
    }
    for (let i = 0; i < out.length; i++) out[i] /= factor;
    return out;
  }
}

let engine = null;
let level = { sum: 0, weight: 0 }; // of the live signal: its energy, older parts count less

// A live window: the network sees context on both sides, what is new counts for the level.
function live({ key, window, left, hop }) {
  const keep = Math.exp(-hop / (SECONDS_OF_LEVEL * RATE));
  const fresh = window.subarray(window.length - hop);
  level = { sum: keep * level.sum + energy(fresh), weight: keep * level.weight + hop };
  const rms = Math.sqrt(level.sum / level.weight);
  const part = rms > 1e-6 ? engine.enhance(key, window, rms) : new Float32Array(window.length);
  return { estimate: part.slice(left, left + hop), rms };
}

const tasks = {
  async engine({ binary }) {
    const { instance } = await WebAssembly.instantiate(binary, {});
    engine = new Engine(instance.exports);
    return {};
  },
  load({ facts, numbers }) {
    engine.load(facts, numbers);
    return {};
  },
  // Enhances if there is a network to do it, and tells what is asked about the outcome.
  hear({ key, signal, clean, picture }) {
    const began = performance.now();
    const estimate = key ? engine.enhance(key, signal) : signal;
    const milliseconds = performance.now() - began;
    return {
      estimate,
      milliseconds,
      score: clean ? siSdr(clean, estimate) : null,
      picture: picture ? spectrogram(estimate) : null,
    };
  },
  live,
  quiet() {
    level = { sum: 0, weight: 0 };
    return {};
  },
};

onmessage = async ({ data: { id, task, ...given } }) => {
  try {
    postMessage({ id, outcome: await tasks[task](given) });
  } catch (error) {
    postMessage({ id, failure: String(error.message || error) });
  }
};
