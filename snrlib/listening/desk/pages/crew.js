// The page's workers. Each network lives in one of them, so that memory is spent once; the work
// that is waited for most comes first, and what nobody waits for any more is dropped.
"use strict";

// base64 -> bytes.
function bytesOf(text) {
  return Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
}

async function unzipped(bytes) {
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

const URGENT = 1; // priority of what is heard; what is looked at comes after it

class Crew {
  constructor(size, source, binary) {
    this.waiting = [];
    this.home = new Map(); // network -> worker
    this.next = 0;
    this.running = new Map(); // id -> {resolve, reject, worker}
    const address = URL.createObjectURL(new Blob([source], { type: "text/javascript" }));
    this.workers = Array.from({ length: size }, () => {
      const worker = { thread: new Worker(address), busy: false };
      worker.thread.onmessage = ({ data }) => this.finished(worker, data);
      worker.thread.onerror = (event) => this.finished(worker, { failure: event.message });
      return worker;
    });
    this.ready = Promise.all(
      this.workers.map((worker) => this.ask(worker, "engine", { binary }, () => -2)),
    );
  }

  // Puts a network where fewest are.
  async load(facts, numbers) {
    const worker = this.workers[this.next++ % this.workers.length];
    this.home.set(facts.key, worker);
    await this.ask(worker, "load", { facts, numbers }, () => -1);
  }

  // Work for the worker that has the network, or for any. `priority` tells, whenever it is asked,
  // how long this may wait: a lower number comes first.
  hear(work, priority, wanted = () => true) {
    const worker = work.key ? this.home.get(work.key) : null;
    return this.ask(worker, "hear", work, priority, wanted);
  }

  ask(worker, task, given, priority, wanted = () => true) {
    return new Promise((resolve, reject) => {
      this.waiting.push({ worker, task, given, priority, wanted, resolve, reject });
      // After this turn of the event loop: what is asked for together is sorted together.
      queueMicrotask(() => this.handOut());
    });
  }

  handOut() {
    const dropped = this.waiting.filter((job) => !job.wanted());
    this.waiting = this.waiting.filter((job) => !dropped.includes(job));
    dropped.forEach((job) => job.resolve(null));
    for (const job of this.waiting) job.rank = job.priority();
    this.waiting.sort((a, b) => a.rank - b.rank); // a stable sort: first come, first served
    // Nothing else is begun while somebody waits to hear: on two cores it would take its half.
    const running = this.workers.filter(({ busy }) => busy).map(({ job }) => job);
    const urgent = [...this.waiting, ...running].some(({ rank }) => rank <= URGENT);
    for (const worker of this.workers) {
      if (worker.busy) continue;
      const at = this.waiting.findIndex(
        (job) => (job.worker === worker || !job.worker) && (!urgent || job.rank <= URGENT),
      );
      if (at < 0) continue;
      const [job] = this.waiting.splice(at, 1);
      worker.busy = true;
      worker.job = job;
      worker.thread.postMessage({ id: 0, task: job.task, ...job.given });
    }
  }

  finished(worker, { outcome, failure }) {
    const { job } = worker;
    worker.busy = false;
    worker.job = null;
    if (failure) job?.reject(new Error(failure));
    else job?.resolve(outcome);
    this.handOut();
  }
}
