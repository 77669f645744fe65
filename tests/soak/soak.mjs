// make soak: a deployment under load for SOAK_SECONDS (600), with every platform failing in every way it can, 5 % of the
// requests in each. Then, once nothing is owed any more: each answered post has reached every endpoint or is reported
// with an outcome, the metrics add up, and the process has not grown. Prints a line every ten seconds and a page of
// Markdown at the end, which is also in build/soak/report.md.
//   SOAK_USERS (200), SOAK_RATE (3 posts a second)
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { until } from '../harness/server.mjs';
import { pushDeployment } from '../harness/pushes.mjs';
import { Crowd } from './crowd.mjs';
import { faults, Arrivals } from './platforms.mjs';
import { judge } from './oracle.mjs';
import { Watch } from './watch.mjs';
import { markdown } from './report.mjs';

const wish = { seconds: Number(process.env.SOAK_SECONDS ?? 600), users: Number(process.env.SOAK_USERS ?? 200), rate: Number(process.env.SOAK_RATE ?? 3) };
const out = path.resolve(import.meta.dirname, '../../build/soak');
process.env.TMPDIR ??= tmpdir();

const closing = [];
const scope = { after: (what) => closing.push(what) };
const close = async () => {
  // What has ended already is no reason to leave the rest.
  for (const what of closing.splice(0).reverse()) await Promise.resolve().then(what).catch((error) => console.error(`soak: ${error.message}`));
};
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => close().then(() => process.exit(1)));

const say = (text) => console.log(`${new Date().toISOString().slice(11, 19)} ${text}`);

async function soak() {
  const at = await pushDeployment(scope, { simArgs: ['--keep', '100000'] });
  const watch = new Watch(at);
  const crowd = new Crowd(at);
  const came = new Arrivals(at.sim);
  scope.after(() => Promise.all([watch.stop(), crowd.stop(), came.stop()]));
  say(`${wish.users} users with five platforms each subscribe`);
  await crowd.gather(wish.users);
  for (const fault of faults) await at.sim.fault(fault);
  came.follow();
  watch.follow();
  crowd.live(wish.rate);
  const progress = setInterval(() => say(`${crowd.line()}; ${came.line()}; ${watch.line()}`), 10_000);
  scope.after(() => clearInterval(progress));
  await new Promise((resolve) => setTimeout(resolve, wish.seconds * 1000));

  await crowd.stop();
  watch.mark();
  await at.sim.peace();
  say('the platforms are well again; what is owed is waited for');
  await until(() => watch.settled(), { what: 'all that is owed decided', seconds: 900, while: () => !at.server.exited });
  clearInterval(progress);
  await came.stop();
  await watch.stop();
  const verdict = await judge(at, crowd, came, watch);
  const text = markdown({ wish, crowd, came, watch, verdict });
  mkdirSync(out, { recursive: true });
  writeFileSync(path.join(out, 'report.md'), text);
  writeFileSync(path.join(out, 'samples.json'), JSON.stringify(watch.samples));
  writeFileSync(path.join(out, 'server.log'), at.server.log);
  console.log(`\n${text}`);
  for (const problem of verdict.problems.slice(0, 20)) console.log(`soak: ${problem}`);
  if (verdict.problems.length > 0) console.log(`soak: ${verdict.problems.length} problems`);
  return verdict.problems.length === 0;
}

rmSync(out, { recursive: true, force: true });
let good = false;
try {
  good = await soak();
} catch (error) {
  console.error(`soak: ${error.stack}`);
} finally {
  await close();
}
console.log(good ? 'soak: passed' : 'soak: failed');
process.exit(good ? 0 : 1);
