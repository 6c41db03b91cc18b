// Records up to half a minute and hands it to the kernel as a 16-bit WAV file at 16 kHz.
"use strict";

const RATE = 16000;
const recorderArea = document.getElementById("recorder");
const recordButton = document.getElementById("record");
const said = document.getElementById("said");
let recording = null;

function wavFile(samples) {
  const view = new DataView(new ArrayBuffer(44 + 2 * samples.length));
  const text = (at, word) => [...word].forEach((c, i) => view.setUint8(at + i, c.charCodeAt(0)));
  text(0, "RIFF");
  view.setUint32(4, 36 + 2 * samples.length, true);
  text(8, "WAVEfmt ");
  view.setUint32(16, 16, true);
  view.setUint16(20, 1, true); // PCM
  view.setUint16(22, 1, true); // one channel
  view.setUint32(24, RATE, true);
  view.setUint32(28, 2 * RATE, true);
  view.setUint16(32, 2, true);
  view.setUint16(34, 16, true);
  text(36, "data");
  view.setUint32(40, 2 * samples.length, true);
  samples.forEach((value, i) => {
    view.setInt16(44 + 2 * i, Math.max(-32768, Math.min(32767, Math.round(32768 * value))), true);
  });
  return new Uint8Array(view.buffer);
}

async function at16kHz(blob) {
  const context = new AudioContext();
  const decoded = await context.decodeAudioData(await blob.arrayBuffer());
  await context.close();
  const offline = new OfflineAudioContext(1, Math.ceil(decoded.duration * RATE), RATE);
  const play = offline.createBufferSource();
  play.buffer = decoded;
  play.connect(offline.destination);
  play.start();
  return (await offline.startRendering()).getChannelData(0);
}

function handOver(bytes) {
  const outer = window.frameElement.ownerDocument;
  const box = outer.querySelector(`.${recorderArea.dataset.box} textarea`);
  if (!box) {
    throw new Error("the notebook's cell is gone; run it again");
  }
  let binary = "";
  for (let i = 0; i < bytes.length; i += 8192) {
    binary += String.fromCharCode(...bytes.subarray(i, i + 8192));
  }
  box.value = btoa(binary);
  for (const kind of ["input", "change"]) {
    box.dispatchEvent(new Event(kind, { bubbles: true }));
  }
}

async function begin() {
  // A browser's own noise suppression would leave nothing for the network to do.
  const wanted = { echoCancellation: false, noiseSuppression: false, autoGainControl: false };
  const stream = await navigator.mediaDevices.getUserMedia({ audio: wanted });
  const recorder = new MediaRecorder(stream);
  const parts = [];
  const began = performance.now();
  const longest = Number(recorderArea.dataset.longest);
  recorder.ondataavailable = (event) => parts.push(event.data);
  recorder.onstop = async () => {
    clearInterval(clock);
    stream.getTracks().forEach((track) => track.stop());
    recording = null;
    recordButton.textContent = "Record again";
    recordButton.setAttribute("aria-pressed", "false");
    try {
      const samples = await at16kHz(new Blob(parts, { type: recorder.mimeType }));
      handOver(wavFile(samples));
      said.textContent = `${(samples.length / RATE).toFixed(1)} s recorded: see below`;
    } catch (error) {
      said.textContent = `This did not work: ${error.message}`;
    }
  };
  const clock = setInterval(() => {
    const seconds = (performance.now() - began) / 1000;
    said.textContent = `recording, ${seconds.toFixed(0)} s of ${longest}`;
    if (seconds >= longest && recorder.state === "recording") {
      recorder.stop();
    }
  }, 200);
  recorder.start();
  recording = recorder;
  recordButton.textContent = "Stop";
  recordButton.setAttribute("aria-pressed", "true");
}

recordButton.addEventListener("click", () => {
  if (recording) {
    recording.stop();
    return;
  }
  begin().catch((error) => {
    said.textContent = `No microphone here (${error.message}); choose a file instead.`;
  });
});

if (!navigator.mediaDevices || !window.MediaRecorder) {
  recordButton.disabled = true;
  said.textContent = "This page has no microphone (browsers want https or localhost).";
}
followTheme(() => {});
