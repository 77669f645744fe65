// Three times as many posts a second as the server can take, whatever it answers. It goes on doing its best, refuses the rest at once and
// with Retry-After, loses nothing it answered 201, and is itself again right after. OVERLOAD_SECONDS=60 for longer.
import test from 'node:test';
import assert from 'node:assert/strict';
import http from 'node:http';
import os from 'node:os';
import path from 'node:path';
import { spawn, spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync, existsSync } from 'node:fs';
import { demoServer, temporaryFolder, program } from '../harness/server.mjs';
import { appToken, notification, call } from '../harness/actors.mjs';
import { request, cpuMs, residentKb } from '../harness/raw.mjs';

const seconds = Number(process.env.OVERLOAD_SECONDS ?? 10);
// Enough feeds that none comes to its cap, where each post costs more.
const users = 100, apps = 10;
const openLoop = path.join(path.dirname(program), 'tests', 'open_loop');

// The generator has the last core and the server the others, so that neither takes the other's time.
const last = os.availableParallelism() - 1;
const onCores = (cores, command, ...words) => (last > 0 ? ['taskset', '-c', cores, command, ...words] : [command, ...words]);

// The admin API, as the local administrator.
function administer(data, method, target, body) {
  return new Promise((resolve, reject) => {
    const asked = http.request({ socketPath: path.join(data, 'heliograph.sock'), method, path: `/admin/v1${target}`, headers: { Host: 'localhost', 'Content-Type': 'application/json' } }, (answer) => {
      let text = '';
      answer.on('data', (chunk) => (text += chunk)).on('end', () => (answer.statusCode < 300 ? resolve(JSON.parse(text)) : reject(new Error(`${answer.statusCode} ${text}`))));
    });
    asked.on('error', reject).end(JSON.stringify(body));
  });
}

test('three times as much as can be done', { skip: !existsSync(openLoop) && 'open_loop is not built' }, async (t) => {
  const folder = temporaryFolder(t);
  const { server, demo, data } = await demoServer(t);
  const pid = server.child.pid;
  if (last > 0) assert.equal(spawnSync('taskset', ['-acp', `0-${last - 1}`, pid]).status, 0);
  const token = await appToken(server.base, demo);
  const hosts = Array.from({ length: apps }, (_, i) => `app${i}.example.com`);
  for (const hostName of hosts) await administer(data, 'POST', '/crossDeviceApps', { hostName, members: [demo.appService.clientId], allowUnverified: true });
  const feeds = [];
  for (let i = 0; i < users; i += 20) {
    feeds.push(...(await Promise.all(Array.from({ length: 20 }, async (_, k) => {
      const user = `load${i + k}@example.com`;
      await administer(data, 'POST', '/users', { userPrincipalName: user, password: 'not to be signed in with' });
      return Promise.all(hosts.map(async (host) => ({ host, unsid: (await administer(data, 'POST', '/subscriptions', { user, deviceId: 'load', crossDevice: host })).userNotificationSubscriptionId })));
    }))).flat());
  }

  const file = path.join(folder, 'requests');
  let runs = 0;
  const journals = [];
  const load = (rate, time, connections) => new Promise((resolve, reject) => {
    const name = String(++runs).padStart(2, '0'); // the ids of each run are its own
    const texts = feeds.map(({ host, unsid }) => {
      const body = JSON.stringify({ ...notification(demo), targetHostName: host, appNotificationId: `${name}-{{n}}` });
      const length = Buffer.byteLength(body) + 16 - '{{n}}'.length;
      const text = request('POST /beta/me/notifications', { Authorization: `Bearer ${token}`, 'X-UNS-ID': unsid, 'Content-Type': 'application/json', 'Content-Length': length }, body);
      return `${Buffer.byteLength(text)}\n${text}`;
    });
    writeFileSync(file, texts.join(''));
    const journal = path.join(folder, `journal-${name}`);
    journals.push(journal);
    const [command, ...words] = onCores(String(last), openLoop, new URL(server.base).port, rate, time, connections, file, journal);
    const child = spawn(command, words.map(String), { stdio: ['ignore', 'pipe', 'inherit'] });
    let out = '';
    child.stdout.on('data', (chunk) => (out += chunk));
    child.on('close', (code) => (code === 0 ? resolve(JSON.parse(out)) : reject(new Error(`open_loop ended with ${code}`))));
  });

  // A store of some size takes less than an empty one: what it takes is measured once it is as large as the storm may make it.
  await load(0, seconds, 64);
  const calm = await load(0, 5, 64);
  const ceiling = calm.created / calm.answered_after;
  const cpu = cpuMs(pid), memory = residentKb(pid);
  const storm = await load(3 * ceiling, seconds, 8000);
  const used = cpuMs(pid) - cpu, grown = residentKb(pid) - memory;
  const begun = performance.now();
  const first = await call(server.base, 'GET', '/readyz');
  const after = await load(0, 5, 64);
  const recovered = performance.now() - begun;

  const say = (text) => t.diagnostic(`measured ${text}`);
  const goodput = storm.created / storm.answered_after; // what still waited at the end takes its time too
  say(`ceiling ${ceiling.toFixed(0)} posts/s; offered ${(storm.sent / storm.seconds).toFixed(0)}/s for ${storm.seconds.toFixed(0)} s, all answered after ${storm.answered_after.toFixed(0)} s: goodput ${goodput.toFixed(0)}/s (${((100 * goodput) / ceiling).toFixed(0)} %), created in ${storm.created_ms.p50} ms (p99 ${storm.created_ms.p99}), ${storm.refused} refused in ${storm.refused_ms.p50} ms (p99 ${storm.refused_ms.p99}), on the wire ${storm.refused_on_wire_ms.p50} ms (p99 ${storm.refused_on_wire_ms.p99}), ${storm.late} never sent`);
  say(`${((used * 1000) / storm.sent).toFixed(0)} us of CPU a request, ${grown} kB more resident; right after ${(after.created / after.seconds).toFixed(0)} posts/s, ${after.refused} refused, within ${recovered.toFixed(0)} ms`);

  for (const run of [calm, storm, after]) {
    assert.equal(run.other, 0, `answered ${run.other_status}`);
    assert.equal(run.cut, 0, 'connections cut');
    assert.equal(run.unanswered, 0, 'requests never answered');
    assert.equal(run.without_retry_after, 0, 'refusals without Retry-After');
  }
  assert.ok(storm.created > 0 && after.created > 0, 'it goes on accepting');
  assert.ok([200, 503].includes(first.status));

  // What was answered 201 is there: the newest of each feed by their ids, all of them by the count of changes (a feed drops its oldest
  // beyond a thousand).
  await server.stop();
  const query = (sql) => {
    const done = spawnSync('sqlite3', [path.join(data, 'heliograph.db'), sql], { encoding: 'utf8', maxBuffer: 1 << 30 });
    assert.equal(done.status, 0, done.stderr);
    return done.stdout.split('\n').filter(Boolean);
  };
  const answered = journals.flatMap((journal) => readFileSync(journal, 'utf8').split('\n').filter(Boolean)).map((location) => location.split('/').at(-1).replaceAll('-', ''));
  assert.equal(new Set(answered).size, answered.length, 'each its own id');
  assert.ok(Number(query('SELECT sum(version) FROM feeds')[0]) >= answered.length, 'each made a version');
  const kept = new Set(query('SELECT lower(hex(id)) FROM notifications'));
  const newest = answered.slice(-400 * feeds.length);
  const lost = newest.filter((id) => !kept.has(id));
  assert.equal(lost.length, 0, `${lost.length} of the newest ${newest.length} lost`);
});
