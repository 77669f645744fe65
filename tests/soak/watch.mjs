// The process while it runs: memory, descriptors, what waits.
import { readdirSync, readFileSync } from 'node:fs';

const every = 2000;

// Rows of one metric: [{labels, value}].
export function rows(text, name) {
  return [...text.matchAll(new RegExp(`^${name}(?:\\{([^}]*)\\})? (-?[0-9.e+]+)$`, 'gm'))].map(([, labels = '', value]) =>
    ({ labels: Object.fromEntries([...labels.matchAll(/(\w+)="([^"]*)"/g)].map(([, key, of]) => [key, of])), value: Number(value) }));
}
const sum = (list) => list.reduce((all, { value }) => all + value, 0);

export class Watch {
  samples = [];  // {seconds, rss, store, descriptors, due, open}: bytes, `store` those of its caches; jobs due; lines of reports that are undecided

  constructor(at) { this.at = at; }

  follow() {
    this.began = Date.now();
    this.going = true;
    this.following = (async () => {
      while (this.going && !this.at.server.exited) {
        await this.sample();
        await new Promise((resolve) => setTimeout(resolve, every));
      }
    })();
  }

  async sample() {
    const pid = this.at.server.child.pid;
    const status = readFileSync(`/proc/${pid}/status`, 'utf8');
    const answer = await fetch(`${this.at.base}/metrics`).catch(() => null);
    if (!answer) return this.samples.at(-1) ?? { open: -1 };
    const text = await answer.text();
    this.metrics = text;
    this.samples.push({
      seconds: (Date.now() - this.began) / 1000, rss: Number(status.match(/VmRSS:\s+(\d+)/)[1]) * 1024,
      store: sum(rows(text, 'heliograph_store_memory_bytes')),
      descriptors: readdirSync(`/proc/${pid}/fd`).length, due: sum(rows(text, 'heliograph_due_jobs')),
      open: sum(rows(text, 'heliograph_deliveries').filter(({ labels }) => ['pending', 'retrying'].includes(labels.outcome))),
    });
    return this.samples.at(-1);
  }

  // The load ends here.
  mark() { this.loaded = this.samples.length; }

  async settled() {
    const { open } = await this.sample();
    return open === 0;
  }

  // Memory over the last two thirds of the load: bytes at its beginning and end, and what a line through it grows by in
  // an hour and in that time.
  growth() {
    const loaded = this.samples.slice(0, this.loaded);
    const last = loaded.slice(Math.floor(loaded.length / 3));
    const x = last.map((one) => one.seconds), y = last.map((one) => one.rss);
    const mean = (list) => list.reduce((all, one) => all + one, 0) / list.length;
    const [mx, my] = [mean(x), mean(y)];
    const slope = x.reduce((all, one, i) => all + (one - mx) * (y[i] - my), 0) / x.reduce((all, one) => all + (one - mx) ** 2, 0);
    return { first: loaded[0].rss, from: y[0], to: y.at(-1), most: Math.max(...loaded.map((one) => one.rss)), anHour: slope * 3600, grown: slope * (x.at(-1) - x[0]), settled: this.samples.at(-1).rss };
  }

  line() {
    const { rss, descriptors, due, open } = this.samples.at(-1) ?? {};
    return `RSS ${(rss / 2 ** 20).toFixed(1)} MiB, ${descriptors} descriptors, ${due} due, ${open} undecided`;
  }

  async stop() {
    this.going = false;
    await this.following;
  }
}
