// What a node does with NATS and without, and what another node's changes of the directory do to it. Several nodes: tests/cluster.
import test from 'node:test';
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import path from 'node:path';
import { writeFileSync } from 'node:fs';
import { demoServer, initDemo, run, temporaryFolder, until } from '../harness/server.mjs';
import { appToken, call, concerns, Live, notification, subscribe, userToken } from '../harness/actors.mjs';
import { Nats } from '../harness/nats.mjs';

const ready = async (base) => (await call(base, 'GET', '/readyz')).json;
const metric = async (base, name) => Number((await (await fetch(`${base}/metrics`)).text()).match(new RegExp(`^${name} (\\S+)$`, 'm'))?.[1]);

test('NATS that dies and comes back costs nothing but its metric', async (t) => {
  const nats = await Nats.start(t, { more: 'authorization { user: "hg", password: "a word" }' });
  const secret = path.join(temporaryFolder(t), 'bus');
  writeFileSync(secret, 'hg:a word\n');
  const { server, demo, data } = await demoServer(t, { env: { HELIOGRAPH_BUS: nats.address, HELIOGRAPH_BUS_CREDENTIALS: `file:${secret}` } });
  await until(async () => (await ready(server.base)).bus === 'connected', { what: 'the bus' });
  assert.equal(await metric(server.base, 'heliograph_bus_connected'), 1);
  const app = await appToken(server.base, demo), token = userToken(data, demo, demo.users[0]);
  const device = await subscribe(server.base, token);
  const live = await Live.open(server.base, token, { subscription: device.id });
  const post = async () => {
    const answer = await call(server.base, 'POST', '/beta/me/notifications', { token: app, unsid: device.unsid, body: notification(demo) });
    assert.equal(answer.status, 201, answer.raw);
    await live.next(concerns(answer.json.id));
  };
  await post();
  await until(async () => (await metric(server.base, 'heliograph_bus_sent_total')) >= 1, { what: 'a message that was sent' });

  await nats.end();
  await until(async () => (await ready(server.base)).bus === 'away', { what: 'that it is gone' });
  assert.equal((await ready(server.base)).status, 'ready');
  assert.equal(await metric(server.base, 'heliograph_bus_connected'), 0);
  for (let i = 0; i < 20; ++i) await post();

  await nats.begin();
  await until(async () => (await ready(server.base)).bus === 'connected', { what: 'that it is back' });
  await post();
  const said = () => server.log.split('\n').filter((line) => line.includes('"area":"bus"'));
  await until(() => said().length >= 2, { what: 'a line that it went, and one that it came' });
  assert.equal(said().length, 2, said().join());
  assert.ok(!server.log.includes('a word'));
});

test('a server that cannot be used is named before anything starts; doctor asks it; secrets are not shown', async (t) => {
  const data = path.join(temporaryFolder(t), 'data');
  initDemo(data);
  const nats = await Nats.start(t, { more: 'authorization { token: "t0ken" }' });
  const env = (bus, more = {}) => ({ env: { ...process.env, HELIOGRAPH_LISTEN: '127.0.0.1:0', HELIOGRAPH_BUS: bus, ...more } });
  const wrong = run(['serve', '--data', data], env('redis://127.0.0.1'));
  assert.equal(wrong.status, 1);
  assert.match(wrong.stderr, /bus should be nats:\/\/HOST:PORT/);
  const plain = run(['serve', '--data', data, '--check-config'], env('nats://127.0.0.1:4222', { HELIOGRAPH_BUS_CREDENTIALS: 'a word' }));
  assert.match(plain.stderr, /bus_credentials is the secret itself/);
  const shown = run(['serve', '--data', data, '--check-config'], env('nats://hg:word@127.0.0.1:4222'));
  assert.match(shown.stdout, /^bus = "\(secret\)"$/m);

  const finding = (more) => JSON.parse(run(['doctor', '--data', data, '--json'], more).stdout).checks.find((c) => c.check === 'bus');
  const refused = finding(env(nats.address, { BUS: 'wrong', HELIOGRAPH_BUS_CREDENTIALS: 'env:BUS' }));
  assert.equal(refused.state, 'FAIL');
  assert.match(refused.evidence, /NATS at 127\.0\.0\.1:\d+: .*Authorization/i);
  const taken = finding(env(`nats://t0ken@127.0.0.1:${nats.port}`));
  assert.deepEqual([taken.state, taken.evidence], ['ok', `NATS at 127.0.0.1:${nats.port} lets us in`]);
  await nats.end();
  assert.equal(finding(env(nats.address)).state, 'FAIL');
});

// The store as another node leaves it: changed behind this one's back.
function behind(data, sql) {
  const done = spawnSync('sqlite3', ['-bail', '-cmd', '.timeout 10000', path.join(data, 'heliograph.db'), `BEGIN IMMEDIATE;\n${sql};\nUPDATE directory_version SET version = version + 1;\nCOMMIT;`], { encoding: 'utf8' });
  assert.equal(done.status, 0, done.stderr);
}

test('what another node changed in the directory holds here within 5 s', async (t) => {
  const { server, demo, data } = await demoServer(t);
  const [alice, bob] = demo.users;
  const tokens = [alice, bob].map((user) => userToken(data, demo, user));
  const live = await Live.open(server.base, tokens[0], { subscription: (await subscribe(server.base, tokens[0])).id });

  const begun = performance.now();
  behind(data, `UPDATE users SET blocked = 1 WHERE upn = '${alice.userPrincipalName}'`);

  assert.equal((await live.closed).code, 4403);
  t.diagnostic(`measured: a user blocked by another node is cut off after ${Math.round(performance.now() - begun)} ms, without a bus`);
  assert.equal((await call(server.base, 'GET', '/beta/me/notifications', { token: tokens[0] })).status, 403);
  assert.equal((await call(server.base, 'GET', '/beta/me/notifications', { token: tokens[1] })).status, 200);
});
