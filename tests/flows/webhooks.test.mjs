// App servers are told of every ended subscription by signed webhooks: who is asked first, what is told and how often, what comes in
// between; and the verifier that docs/webhooks.md shows.
import test from 'node:test';
import assert from 'node:assert/strict';
import path from 'node:path';
import { readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { pathToFileURL } from 'node:url';
import { call, notification, subscribe, userToken } from '../harness/actors.mjs';
import { authority, demoServer, initDemo, runAsync, Server, temporaryFolder, until } from '../harness/server.mjs';
import { device, pushDeployment } from '../harness/pushes.mjs';
import { Receiver } from '../harness/webhook.mjs';

const env = { HELIOGRAPH_PUSH_LOOPBACK: 'true' };

// Commands run beside this process, for it has to answer while they do.
async function json(args, data) {
  const done = await runAsync([...args, '--data', data, '--json']);
  assert.equal(done.status, 0, done.stderr);
  return JSON.parse(done.stdout);
}

// As an operator adds it; the receiver knows the secret from then on.
async function add(data, receiver) {
  const made = await json(['webhook', 'add', receiver.url], data);
  receiver.secrets.push(made.secret);
  return made;
}

// Makes `count` subscriptions of the first user and ends them; their UNSIDs.
async function end(base, token, count = 1) {
  const unsids = [];
  for (let i = 0; i < count; i++) {
    const { unsid } = await subscribe(base, token);
    const ended = await call(base, 'DELETE', `/v1/feeds/me/subscriptions/${unsid}`, { token });
    assert.equal(ended.status, 200, ended.raw);
    unsids.push(unsid);
  }
  return unsids;
}
const told = (receiver) => [...new Set(receiver.ended.map((one) => one.userNotificationSubscriptionId))];
const counted = async (base, line) => Number((await (await fetch(`${base}/metrics`)).text()).match(new RegExp(`^${line.replace(/[{}]/g, '\\$&')} (\\d+)$`, 'm'))?.[1] ?? NaN);

test('every end is told, for whatever reason, and is what endedSubscriptions answers', { timeout: 300_000 }, async (t) => {
  const at = await pushDeployment(t);
  const receiver = await Receiver.start(t);
  const made = await add(at.data, receiver);
  assert.match(made.secret, /^whsec_[A-Za-z0-9+/]{43}=$/);
  assert.equal(receiver.challenges, 1);
  const [alice, bob] = at.demo.users;

  const gone = await device(at, alice, 'apns'), moved = await device(at, alice, 'fcm');
  await at.sim.fault({ platform: 'apns', fault: 'gone', times: 1 });
  await call(at.base, 'POST', '/beta/me/notifications', { token: at.app, unsid: gone.unsid, body: notification(at.demo) });
  const his = await device(at, bob, 'fcm', { endpoint: moved.endpoint });
  const [unsubscribed] = await end(at.base, gone.token);
  const short = await subscribe(at.base, gone.token, { expirationDateTime: new Date(Date.now() + 2_000).toISOString() });
  const removed = await runAsync(['user', 'remove', bob.userPrincipalName, '--data', at.data]);
  assert.equal(removed.status, 0, removed.stderr);

  await until(() => told(receiver).length === 5, { what: 'five ends', seconds: 120 });
  const why = Object.fromEntries(receiver.ended.map((one) => [one.userNotificationSubscriptionId, one.reason]));
  assert.deepEqual(why, { [gone.unsid]: 'channelGone', [moved.unsid]: 'channelMoved', [unsubscribed]: 'unsubscribed', [short.unsid]: 'expired', [his.unsid]: 'userRemoved' });
  const asked = await call(at.base, 'GET', '/beta/endedSubscriptions', { token: at.app });
  const byUnsid = (a, b) => a.userNotificationSubscriptionId.localeCompare(b.userNotificationSubscriptionId);
  assert.deepEqual(receiver.ended.toSorted(byUnsid), asked.json.value.toSorted(byUnsid));
  assert.deepEqual(receiver.unverified, []);
  // Its answer is on its way back.
  await until(async () => (await counted(at.base, 'heliograph_webhook_ends_total{outcome="told"}')) === 5, { what: 'five counted as told' });
});

test('only who agrees becomes one, and only where it may be called', { timeout: 120_000 }, async (t) => {
  const { data } = await demoServer(t, { env });
  const refused = async (url, why) => {
    const done = await runAsync(['webhook', 'add', url, '--data', data]);
    assert.equal(done.status, 1, `${url}: ${done.stdout}`);
    assert.match(done.stderr, why, url);
  };
  const canary = createServer((request, response) => { canary.called = true; response.end(); });
  await new Promise((resolve) => canary.listen(0, '127.0.0.1', resolve));
  t.after(() => canary.close());
  const answers = async (agrees) => (await Receiver.start(t, { agrees })).url;
  await refused(await answers(() => undefined), /answered 404/);
  await refused(await answers((token) => `${token} `), /something else than the token/);
  await refused(await answers(() => 'x'.repeat(70_000)), /gave no answer \(the answer was too large\)/);
  await refused(await answers(() => 'hang'), /gave no answer \(timed out\)/);
  const leading = createServer((request, response) => response.writeHead(302, { location: `http://127.0.0.1:${canary.address().port}${request.url}` }).end());
  await new Promise((resolve) => leading.listen(0, '127.0.0.1', resolve));
  t.after(() => leading.close());
  await refused(`http://127.0.0.1:${leading.address().port}/`, /answered 302/);
  assert.equal(canary.called, undefined);

  await refused('http://app.example/ended', /is no https URL/);
  await refused('https://user@app.example/', /names a user/);
  await refused('https://app.example:8443/', /names a port/);
  await refused('https://10.0.0.1/', /names an IP address/);
  await refused('nonsense', /is no URL/);
  assert.deepEqual(await json(['webhook', 'list'], data), []);
});

test('without the setting for development nothing on the machine is called', { timeout: 120_000 }, async (t) => {
  const { data } = await demoServer(t);
  const receiver = await Receiver.start(t);
  for (const [url, why] of [[receiver.url, /is no https URL/], ['https://127.0.0.1/', /names an IP address/], ['https://localhost/', /address is private|not found/], ['https://[::ffff:127.0.0.1]/', /names an IP address/]]) {
    const done = await runAsync(['webhook', 'add', url, '--data', data]);
    assert.equal(done.status, 1, done.stdout);
    assert.match(done.stderr, why);
  }
  assert.equal(receiver.challenges, 0);
});

test('a certificate that nobody vouches for is refused, one of a known authority is not', { timeout: 120_000 }, async (t) => {
  const folder = temporaryFolder(t), data = path.join(folder, 'data');
  initDemo(data);
  const tls = Object.fromEntries(['key', 'cert'].map((name) => [name, readFileSync(path.join(data, 'tls', `${name}.pem`))]));
  const receiver = await Receiver.start(t, { tls });
  const withAuthority = { ...process.env, ...env, HELIOGRAPH_PUSH_AUTHORITIES: authority(data) };
  const refused = await runAsync(['webhook', 'add', receiver.url, '--data', data], { env: { ...process.env, ...env } });
  assert.match(refused.stderr, /no secure connection/);
  const added = await runAsync(['webhook', 'add', receiver.url, '--data', data, '--json'], { env: withAuthority });
  assert.equal(added.status, 0, added.stderr);
  assert.equal(receiver.challenges, 1);
});

test('what it does not take is told again under the same id, also after kill -9', { timeout: 300_000 }, async (t) => {
  const { server, demo, data } = await demoServer(t, { env });
  const token = userToken(data, demo, demo.users[0]);
  const receiver = await Receiver.start(t);
  const made = await add(data, receiver);
  const listen = `127.0.0.1:${new URL(server.base).port}`;
  receiver.next(500, { status: 429, headers: { 'retry-after': '1' } }, { status: 302, headers: { location: 'http://127.0.0.1:1/' } });
  const first = await end(server.base, token);
  await until(() => told(receiver).length === 1, { what: 'taken' });
  assert.deepEqual(told(receiver), first);
  assert.equal(new Set(receiver.calls.map((one) => one.id)).size, 1);
  assert.equal(new Set(receiver.calls.map((one) => one.body)).size, 1);

  // Unanswered when the process dies, and more comes meanwhile.
  receiver.next('hang');
  const calls = receiver.calls.length;
  const second = await end(server.base, token, 3);
  await until(() => receiver.calls.length > calls, { what: 'the call' });
  await server.kill();
  const again = await Server.start(data, { listen, env });
  t.after(() => again.stop());
  await until(() => told(receiver).length === 4, { what: 'all four' });
  assert.deepEqual(told(receiver).toSorted(), [...first, ...second].toSorted());

  receiver.next(500);
  await end(again.base, token);
  await until(async () => (await json(['webhook', 'list'], data))[0].state === 'failing' || told(receiver).length === 5, { what: 'failing' });
  await until(async () => (await json(['webhook', 'list'], data))[0].waiting === 0, { what: 'nothing waits' });
  assert.deepEqual({ ...(await json(['webhook', 'list'], data))[0], createdDateTime: '' }, { id: made.id, url: receiver.url, state: 'ok', reason: null, failingSinceDateTime: null, waiting: 0, createdDateTime: '' });
  assert.deepEqual(receiver.unverified, []);
});

test('a crash between taken and written down tells it twice, under the same id', { timeout: 300_000 }, async (t) => {
  const folder = temporaryFolder(t), data = path.join(folder, 'data');
  const demo = initDemo(data);
  const doomed = await Server.start(data, { env: { ...env, HG_CRASH_AT: 'webhookTold' } });
  t.after(() => doomed.kill());
  const receiver = await Receiver.start(t);
  await add(data, receiver);
  const unsids = await end(doomed.base, userToken(data, demo, demo.users[0])).catch(() => null);
  assert.equal((await doomed.ended).signal, 'SIGKILL');
  const server = await Server.start(data, { env });
  t.after(() => server.stop());
  await until(() => receiver.calls.length === 2, { what: 'told again' });
  assert.equal(receiver.calls[0].id, receiver.calls[1].id);
  assert.equal(receiver.calls[0].body, receiver.calls[1].body);
  if (unsids) assert.deepEqual(told(receiver), unsids);
});

test('a webhook that hangs delays no other, and no push; another app is told nothing', { timeout: 300_000 }, async (t) => {
  const { server, demo, data } = await demoServer(t, { env });
  const token = userToken(data, demo, demo.users[0]);
  const dead = await Receiver.start(t), well = await Receiver.start(t), foreign = await Receiver.start(t);
  await add(data, dead);
  await add(data, well);
  await json(['cross-device', 'add', 'other.example', '--allow-unverified'], data);
  foreign.secrets.push((await json(['webhook', 'add', foreign.url, '--cross-device', 'other.example'], data)).secret);
  for (let i = 0; i < 1000; i++) dead.next('hang');
  const unsids = await end(server.base, token, 20);
  await until(() => told(well).length === 20, { what: 'the healthy one' });
  assert.deepEqual(told(well).toSorted(), unsids.toSorted());
  assert.equal(dead.taken.length, 0);
  assert.ok(dead.calls.length >= 1);
  assert.equal(foreign.calls.length, 0);
});

test('the secret can be replaced, is nowhere in the store, and the test message is signed too', { timeout: 120_000 }, async (t) => {
  const { server, demo, data } = await demoServer(t, { env });
  const token = userToken(data, demo, demo.users[0]);
  const receiver = await Receiver.start(t);
  const first = await add(data, receiver), second = await add(data, receiver);
  await end(server.base, token);
  await until(() => receiver.taken.length === 2, { what: 'told by both' });
  assert.equal((await runAsync(['webhook', 'remove', first.id, '--data', data])).status, 0);
  receiver.secrets = [second.secret];
  assert.deepEqual(await json(['webhook', 'test', second.id], data), { state: 'ok', reason: null });
  assert.equal(receiver.taken.at(-1).type, 'webhook.test');
  assert.equal((await end(server.base, token)).length, 1);
  await until(() => receiver.taken.length === 4, { what: 'told by the second' });
  assert.deepEqual(receiver.unverified, []);

  receiver.next(500);
  const failing = await runAsync(['webhook', 'test', second.id, '--data', data]);
  assert.equal(failing.status, 1);
  assert.match(failing.stderr, /answered 500/);

  for (const file of ['heliograph.db', 'heliograph.db-wal']) {
    const bytes = readFileSync(path.join(data, file));
    for (const { secret } of [first, second]) {
      assert.ok(!bytes.includes(secret.slice('whsec_'.length)), file);
      assert.ok(!bytes.includes(Buffer.from(secret.slice('whsec_'.length), 'base64')), file);
    }
  }
  assert.ok(!server.log.includes('whsec_') && !server.log.includes(receiver.url), server.log);
});

test('the verifier of docs/webhooks.md takes what is right, and refuses replays and forgeries', { timeout: 120_000 }, async (t) => {
  const page = readFileSync(path.join(import.meta.dirname, '../../docs/webhooks.md'), 'utf8');
  const file = path.join(temporaryFolder(t), 'verify.mjs');
  writeFileSync(file, page.match(/```js\n([\s\S]+?)```/)[1]);
  const { verify } = await import(pathToFileURL(file));
  const { server, demo, data } = await demoServer(t, { env });
  const receiver = await Receiver.start(t);
  const { secret } = await add(data, receiver);
  const unsids = await end(server.base, userToken(data, demo, demo.users[0]));
  const { headers, body } = await until(() => receiver.calls[0], { what: 'the call' });

  assert.equal(verify(secret, headers, body).data.value[0].userNotificationSubscriptionId, unsids[0]);
  const sent = Number(headers['webhook-timestamp']) * 1000;
  assert.ok(verify(secret, headers, body, sent + 299_000));
  assert.throws(() => verify(secret, headers, body, sent + 301_000), /too old/);
  assert.throws(() => verify(secret, headers, body, sent - 301_000), /too new/);
  assert.throws(() => verify(secret, { ...headers, 'webhook-timestamp': String(sent / 1000 + 1) }, body), /not signed/);
  assert.throws(() => verify(secret, { ...headers, 'webhook-id': 'another' }, body), /not signed/);
  assert.throws(() => verify(secret, headers, body.replace('unsubscribed', 'expired')), /not signed/);
  assert.throws(() => verify(`whsec_${Buffer.alloc(32).toString('base64')}`, headers, body), /not signed/);
  for (const signature of ['', 'v1,', 'v2,' + headers['webhook-signature'].slice(3), undefined]) assert.throws(() => verify(secret, { ...headers, 'webhook-signature': signature }, body), /not signed/);
  assert.throws(() => verify(secret, { ...headers, 'webhook-timestamp': 'soon' }, body), /too old/);
});
