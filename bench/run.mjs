// make bench: measures the release build beside its references, several rounds of each in turn, and writes
// build/bench/results.json, build/bench/report.html and, unless BENCH_QUICK is set, docs/performance.md with its plots.
//   tools/node bench/run.mjs [SCENARIO…]      those named only; the others' figures are kept from the last run
import { mkdirSync, readFileSync, writeFileSync, existsSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { clear } from './servers.mjs';
import { scenarios } from './scenarios.mjs';
import { writeReport } from './report.mjs';

const root = path.resolve(import.meta.dirname, '..');
const out = path.join(root, 'build/bench');
const quick = !!process.env.BENCH_QUICK;
const size = quick
  ? { rounds: 2, seconds: 2, users: 2000, stored: 10, live: 300, fan: 300, idle: 2000, start: 100_000, pushes: 600, pushed: 100 }
  : { rounds: Number(process.env.BENCH_ROUNDS ?? 5), seconds: 6, users: 10_000, stored: 30, live: 1000, fan: 1000, idle: 10_000, start: 1_000_000, pushes: 3000, pushed: 300 };

export const median = (numbers) => {
  const sorted = [...numbers].sort((a, b) => a - b);
  return sorted.length % 2 ? sorted[sorted.length >> 1] : (sorted[sorted.length / 2 - 1] + sorted[sorted.length / 2]) / 2;
};

// Runs the parts of a scenario in turn, round after round; a figure is the median of its rounds.
async function interleave(parts, rounds) {
  const all = Object.fromEntries(Object.keys(parts).map((name) => [name, []]));
  for (let round = 0; round < rounds; ++round) {
    for (const [name, measure] of Object.entries(parts)) {
      const got = await measure();
      all[name].push(got);
      console.log(`  round ${round + 1} ${name}: ${JSON.stringify(got)}`);
    }
  }
  return Object.fromEntries(Object.entries(all).map(([name, runs]) => {
    const figures = {};
    for (const key of new Set(runs.flatMap(Object.keys))) {
      const values = runs.map((one) => one[key]).filter((value) => typeof value === 'number');
      figures[key] = { median: median(values), least: Math.min(...values), most: Math.max(...values) };
    }
    return [name, figures];
  }));
}

function machine() {
  const cpus = os.cpus();
  return { cpu: cpus[0].model.trim(), cores: cpus.length, memory: `${Math.round(os.totalmem() / 2 ** 30)} GiB`, kernel: os.release(), load: os.loadavg()[0] };
}

const chosen = process.argv.slice(2);
for (const name of chosen) {
  if (!scenarios[name]) { console.error(`bench: no scenario ${name}; there are ${Object.keys(scenarios).join(', ')}`); process.exit(2); }
}
mkdirSync(out, { recursive: true });
const file = path.join(out, quick ? 'quick.json' : 'results.json');
const results = existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : { scenarios: {} };
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => clear().then(() => process.exit(1)));
let failed = false;
for (const [name, scenario] of Object.entries(scenarios)) {
  if (chosen.length > 0 && !chosen.includes(name)) continue;
  console.log(`== ${name}`);
  try {
    results.scenarios[name] = { machine: machine(), size, figures: await scenario(size, interleave) };
    writeFileSync(file, JSON.stringify(results, null, 1));
  } catch (error) {
    failed = true;
    console.error(`bench: ${name}: ${error.message}`);
  } finally {
    await clear();
  }
}
writeReport(results, { root, out, quick });
console.log(`bench: see ${path.relative(process.cwd(), path.join(out, 'report.html'))}`);
process.exit(failed ? 1 : 0);
