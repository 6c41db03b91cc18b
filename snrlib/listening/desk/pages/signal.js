// The arithmetic of snrlib.mixing, snrlib.metrics and snrlib.teachers, sample for sample; used by
// the page and by its workers.
"use strict";

const RATE = 16000;
const LOOP_FADE = 800; // samples over which a looped noise fades from its end to its start
const WINDOW = 512; // of the spectrogram, as in snrlib.listening.spectrogram
const HOP = 128;
const COLUMNS = 480;

// Sums run in double precision throughout, as Python's do.
function energy(signal) {
  let sum = 0;
  for (let i = 0; i < signal.length; i++) sum += signal[i] * signal[i];
  return sum;
}

// mixing.loop: the first `samples` of a noise, repeated with a cross-fade when it is too short.
function looped(noise, samples) {
  if (noise.length >= samples) return noise.subarray(0, samples);
  const fade = Math.min(LOOP_FADE, noise.length >> 1);
  const period = noise.length - fade;
  const out = new Float32Array(samples);
  out.set(noise.subarray(0, period));
  const again = new Float32Array(period);
  again.set(noise.subarray(0, period));
  for (let i = 0; i < fade; i++) {
    const angle = ((i + 0.5) / Math.max(fade, 1)) * (Math.PI / 2);
    again[i] = noise[i] * Math.sin(angle) + noise[period + i] * Math.cos(angle);
  }
  for (let at = period; at < samples; at += period) {
    out.set(again.subarray(0, Math.min(period, samples - at)), at);
  }
  return out;
}

// mixing.mix: the speech keeps its level, the noise gets one gain.
function mix(speech, noise, snrDb) {
  const under = looped(noise, speech.length);
  const gain = Math.sqrt(energy(speech) / energy(under)) * 10 ** (-snrDb / 20);
  const noisy = new Float32Array(speech.length);
  for (let i = 0; i < noisy.length; i++) noisy[i] = speech[i] + Math.fround(under[i] * gain);
  return noisy;
}

// metrics.si_sdr: no mean is removed.
function siSdr(clean, estimate) {
  let cross = 0;
  let own = 0;
  for (let i = 0; i < clean.length; i++) {
    cross += estimate[i] * clean[i];
    own += clean[i] * clean[i];
  }
  const scale = cross / own;
  let target = 0;
  let distortion = 0;
  for (let i = 0; i < clean.length; i++) {
    const kept = scale * clean[i];
    target += kept * kept;
    distortion += (estimate[i] - kept) ** 2;
  }
  return 10 * Math.log10(target / distortion);
}

// teachers.assign: the teacher that was trained at the nearest SNR; ties go to the lower number.
function assign(snrDb, teachers) {
  let chosen = null;
  let least = Infinity;
  for (const [name, snrs] of Object.entries(teachers)) {
    const distance = Math.min(...snrs.map((snr) => Math.abs(snr - snrDb)));
    if (distance < least) [chosen, least] = [name, distance];
  }
  return chosen;
}

function meanOf(signals) {
  const out = new Float32Array(signals[0].length);
  for (let i = 0; i < out.length; i++) {
    let sum = 0;
    for (const signal of signals) sum += signal[i];
    out[i] = sum / signals.length;
  }
  return out;
}

function peakOf(signal) {
  let most = 0;
  for (let i = 0; i < signal.length; i++) most = Math.max(most, Math.abs(signal[i]));
  return most;
}

// A Fourier transform of WINDOW real numbers, in place, by halves.
const turns = Array.from({ length: WINDOW / 2 }, (_, i) => {
  const angle = (-2 * Math.PI * i) / WINDOW;
  return [Math.cos(angle), Math.sin(angle)];
});
const cosines = Float64Array.from(turns, (turn) => turn[0]);
const sines = Float64Array.from(turns, (turn) => turn[1]);
const order = Uint16Array.from({ length: WINDOW }, (_, i) => {
  let back = 0;
  for (let bit = 1; bit < WINDOW; bit *= 2) back = back * 2 + (i & bit ? 1 : 0);
  return back;
});

function transform(real, imaginary) {
  for (let half = 1; half < WINDOW; half *= 2) {
    const step = WINDOW / (2 * half);
    for (let begin = 0; begin < WINDOW; begin += 2 * half) {
      for (let i = 0; i < half; i++) {
        const [a, b] = [begin + i, begin + i + half];
        const c = cosines[i * step];
        const s = sines[i * step];
        const re = real[b] * c - imaginary[b] * s;
        const im = real[b] * s + imaginary[b] * c;
        real[b] = real[a] - re;
        imaginary[b] = imaginary[a] - im;
        real[a] += re;
        imaginary[a] += im;
      }
    }
  }
}

// Power in dB, (bins, columns) row by row from the lowest frequency up, as in
// snrlib.listening.spectrogram: long clips are averaged in power down to COLUMNS.
function spectrogram(signal) {
  const bins = WINDOW / 2 + 1;
  const frames = 1 + Math.floor(signal.length / HOP);
  const columns = Math.min(COLUMNS, frames);
  const sums = new Float64Array(bins * columns);
  const window = Float64Array.from(
    { length: WINDOW },
    (_, i) => 0.5 - 0.5 * Math.cos((2 * Math.PI * i) / (WINDOW - 1)),
  );
  const real = new Float64Array(WINDOW);
  const imaginary = new Float64Array(WINDOW);
  for (let column = 0; column < columns; column++) {
    const from = Math.floor((frames * column) / columns);
    const to = Math.floor((frames * (column + 1)) / columns);
    for (let frame = from; frame < to; frame++) {
      const begin = frame * HOP - WINDOW / 2;
      for (let i = 0; i < WINDOW; i++) {
        const at = begin + order[i];
        real[i] = at >= 0 && at < signal.length ? signal[at] * window[order[i]] : 0;
      }
      imaginary.fill(0);
      transform(real, imaginary);
      for (let bin = 0; bin < bins; bin++) {
        const power = real[bin] ** 2 + imaginary[bin] ** 2;
        sums[bin * columns + column] += power / (to - from);
      }
    }
  }
  const db = Float32Array.from(sums, (power) => 10 * Math.log10(Math.max(power, 1e-30)));
  return { bins, columns, db };
}
