// More connections than there may be: of a user, of the process, and where file descriptors run out. Who is in is served, others wait
// or are told to come back, and the log says it once a second.
import test from 'node:test';
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { demoServer, Server, initDemo, temporaryFolder, until, program } from '../harness/server.mjs';
import { appToken, userToken, subscribe, notification, call, Live } from '../harness/actors.mjs';
import { Raw, request } from '../harness/raw.mjs';

const get = request('GET /healthz');
const pauses = (server) => server.log.split('\n').filter((line) => line.includes('accepting pauses')).length;

// Opens more connections than fit and asks on each; the answers in the order in which they come.
async function crowd(base, size) {
  const connections = await Promise.all(Array.from({ length: size }, () => Raw.open(base)));
  const answered = new Set();
  for (const connection of connections) { connection.say(get); connection.status().then((status) => status === 200 && answered.add(connection)); }
  return { connections, answered };
}

test('the most connections there may be', async (t) => {
  const { server } = await demoServer(t, { env: { HELIOGRAPH_LIMITS_CONNECTIONS: '64', HELIOGRAPH_THREADS: '2' } });
  const { connections, answered } = await crowd(server.base, 200);
  await until(() => answered.size >= 32, { what: 'a loop is full' });
  const begun = Date.now();
  await until(() => pauses(server) > 0, { what: 'the log says so' });
  // Each that leaves lets another in, until all were answered.
  await until(() => { for (const connection of answered) if (!connection.ended) { connection.end(); break; } return answered.size === 200; }, { what: 'all answered' });
  for (const connection of connections) connection.end();
  const seconds = Math.ceil((Date.now() - begun) / 1000);
  assert.ok(pauses(server) <= 2 * (seconds + 2), `${pauses(server)} lines in ${seconds} s of two loops`);
});

test('the most live connections there may be, of a user and of all', async (t) => {
  const env = { HELIOGRAPH_LIMITS_LIVE_CONNECTIONS: '12', HELIOGRAPH_LIMITS_CONNECTIONS_PER_USER: '6', HELIOGRAPH_THREADS: '1' };
  const { server, demo, data } = await demoServer(t, { env });
  const tokens = demo.users.map((user) => userToken(data, demo, user));
  const open = (token) => until(() => Live.open(server.base, token).catch(() => undefined), { what: 'a live connection' });
  const lives = [];
  for (let i = 0; i < 6; ++i) lives.push(await open(tokens[0]));
  const seventh = await open(tokens[0]);
  assert.equal((await seventh.closed).code, 4429);
  for (let i = 0; i < 6; ++i) lives.push(await open(tokens[1]));

  const events = { headers: { Authorization: `Bearer ${tokens[1]}`, Accept: 'text/event-stream' } };
  const refused = await fetch(`${server.base}/beta/me/notifications/stream`, events);
  assert.equal(refused.status, 503);
  assert.ok(Number(refused.headers.get('Retry-After')) > 0);
  assert.equal((await refused.json()).error.code, 'serviceNotAvailable');
  assert.equal((await call(server.base, 'GET', '/beta/me', { token: tokens[0] })).status, 200);
  for (const live of lives) assert.equal(live.closeEvent, undefined);
  await Promise.all(lives.map((live) => live.close()));
  await (await open(tokens[0])).close();
});

test('file descriptors run out', async (t) => {
  const folder = temporaryFolder(t);
  const data = path.join(folder, 'data');
  const demo = initDemo(data);
  const scarce = path.join(folder, 'scarce');
  writeFileSync(scarce, `#!/bin/sh\nulimit -n 256\nexec ${program} "$@"\n`, { mode: 0o755 });
  const server = await Server.start(data, { program: scarce });
  t.after(() => server.stop());
  const token = await appToken(server.base, demo);
  const { unsid } = await subscribe(server.base, userToken(data, demo, demo.users[0]));
  const live = await Live.open(server.base, userToken(data, demo, demo.users[0]));
  const inside = await Raw.open(server.base);
  inside.say(get);
  assert.equal(await inside.status(), 200);

  const { connections, answered } = await crowd(server.base, 600);
  await until(() => pauses(server) > 0, { what: 'the log says that accepting pauses' });
  // Who is in is served, and the store misses no descriptor.
  const body = JSON.stringify(notification(demo));
  inside.heard = Buffer.alloc(0);
  inside.say(request('POST /beta/me/notifications', { Authorization: `Bearer ${token}`, 'X-UNS-ID': unsid, 'Content-Type': 'application/json', 'Content-Length': body.length }, body));
  assert.equal(await inside.status(), 201);
  await live.next((heard) => heard.changeType);
  await until(() => { for (const connection of answered) if (!connection.ended) { connection.end(); break; } return answered.size === 600; }, { what: 'all answered' });
  for (const connection of connections) connection.end();
  assert.equal((await fetch(`${server.base}/readyz`)).status, 200);
  await live.close();
  inside.end();
});
