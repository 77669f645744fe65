// Pushes from three nodes that share what is owed: by leases of the database, so that nobody is told twice but where a node dies.
import test from 'node:test';
import assert from 'node:assert/strict';
import path from 'node:path';
import { until } from '../harness/server.mjs';
import { call, concerns, Live, subscribe } from '../harness/actors.mjs';
import { pushes as deployment, postAt as post, titled } from '../harness/cluster_pushes.mjs';
import { device, report } from '../harness/pushes.mjs';

test('posts at every node are pushed once each, and dismissals tell the other devices', { timeout: 300_000 }, async (t) => {
  const world = await deployment(t);
  const phone = await device(world.at(0), world.demo.users[0], 'fcm');
  const titles = Array.from({ length: 60 }, (_, i) => `post ${i}`);
  await Promise.all(titles.map((title, i) => post(world.at(i % 3), phone.unsid, { payload: { visualContent: { title } } }).then(({ status }) => assert.equal(status, 201))));
  await until(async () => new Set((await world.pushes()).map((one) => one.body.message.notification?.title).filter(Boolean)).size === titles.length, { what: 'every push', seconds: 120 });
  for (const title of titles) assert.equal((await world.pushes()).filter(titled(title)).length, 1, title);
});

test('firstActive waits for who is live at another node', { timeout: 300_000 }, async (t) => {
  const world = await deployment(t);
  const [alice] = world.demo.users;
  const phone = await device(world.at(0), alice, 'fcm');
  const policies = { deliveryPolicy: { mode: 'firstActive', escalateAfterSeconds: 20 } };
  const atOnce = await post(world.at(0), phone.unsid, { payload: { visualContent: { title: 'nobody is live' } }, ...policies });
  assert.equal(atOnce.status, 201, atOnce.raw);
  await until(async () => (await world.pushes()).some(titled('nobody is live')), { what: 'the push' });

  const desk = await subscribe(world.at(1).base, phone.token, { deviceId: 'desk' });
  const live = await Live.open(world.at(1).base, phone.token, { subscription: desk.id });
  t.after(() => live.close());
  const waits = await post(world.at(0), phone.unsid, { payload: { visualContent: { title: 'somebody is' } }, ...policies });
  await live.next(concerns(waits.json.id));
  const line = async () => { const { state, reason } = (await report(world.at(0), phone.unsid, waits.json.id)).get(phone.id) ?? {}; return [state, reason]; };
  await until(async () => String(await line()) !== 'pending,', { what: 'what the worker decided' });
  assert.deepEqual(await line(), ['pending', 'firstActive']);
  const dismissed = await call(world.at(1).base, 'PATCH', `/beta/me/notifications/${waits.json.id}`, { token: phone.token, unsid: desk.unsid, body: { userActionState: 'dismissed' } });
  assert.equal(dismissed.status, 200, dismissed.raw);
  await until(async () => (await report(world.at(0), phone.unsid, waits.json.id)).get(phone.id).state === 'superseded', { what: 'that it is over' });
  assert.equal((await world.pushes()).filter(titled('somebody is')).length, 0);
});

test('a phone that changes hands at another node never shows what was for the user before', { timeout: 300_000 }, async (t) => {
  const world = await deployment(t);
  const [alice, bob] = world.demo.users;
  const hers = await device(world.at(0), alice, 'fcm'), other = await device(world.at(0), alice, 'apns');
  await world.sim.fault({ platform: 'fcm', latencyMs: 300 });
  const posting = (async () => { for (let i = 0; i < 20; ++i) await post(world.at(0), other.unsid, { payload: { visualContent: { title: 'for alice' } } }); })();
  await until(async () => (await world.pushes()).length > 0, { what: 'the first push' });
  const his = await device(world.at(1), bob, 'fcm', { endpoint: hers.endpoint });
  const changed = (await world.pushes()).length;
  await posting;
  assert.equal((await post(world.at(2), his.unsid, { payload: { visualContent: { title: 'for bob' } } })).status, 201);
  await until(async () => (await world.pushes()).some(titled('for bob')), { what: 'bob is told' });
  assert.deepEqual((await world.pushes()).slice(changed).filter(titled('for alice')), []);
});

test('a phone changes hands at one node while a push from another hangs: it is waited for', { timeout: 300_000 }, async (t) => {
  const world = await deployment(t, { nodes: 2 });
  const [alice, bob] = world.demo.users;
  const hers = await device(world.at(0), alice, 'fcm'), other = await device(world.at(0), alice, 'apns');
  const send = async (title) => { const { json } = await post(world.at(0), other.unsid, { payload: { visualContent: { title } } }); await until(async () => (await world.pushes()).some(titled(title)), { what: title }); return json.id; };
  await send('before');
  // Longer than a worker keeps a feed for one endpoint.
  await world.sim.fault({ platform: 'fcm', on: 'push', latencyMs: 2500 });
  const hanging = await send('for alice');
  const begun = performance.now();
  const his = await device(world.at(1), bob, 'fcm', { endpoint: hers.endpoint });
  const took = performance.now() - begun;
  assert.equal((await report(world.at(1), other.unsid, hanging)).get(hers.id).state, 'accepted', 'what was on its way is over');
  assert.equal((await post(world.at(1), his.unsid, { payload: { visualContent: { title: 'for bob' } } })).status, 201);
  await until(async () => (await world.pushes()).some(titled('for bob')), { what: 'bob is told' });
  t.diagnostic(`measured the new owner's 201 came ${(took / 1000).toFixed(1)} s after the request, for a push that hung 2.5 s`);
});

test('push credentials that are set at one node hold at all, for what waited for them too', { timeout: 300_000 }, async (t) => {
  const world = await deployment(t);
  const { cluster } = world;
  const credential = (...args) => { const done = cluster.command(0, 'credential', ...args); assert.equal(done.status, 0, done.stderr); return done.stdout; };
  const [fcm] = JSON.parse(credential('list', '--json')).filter(({ platform }) => platform === 'fcm');
  credential('remove', fcm.id);
  const phone = await device(world.at(0), world.demo.users[0], 'fcm');
  const titles = ['at A', 'at B', 'at C'], ids = [];
  for (const [i, title] of titles.entries()) {
    const posted = await post(world.at(i), phone.unsid, { payload: { visualContent: { title } } });
    assert.equal(posted.status, 201, posted.raw);
    ids.push(posted.json.id);
  }
  const waits = async (id) => (await report(world.at(0), phone.unsid, id)).get(phone.id)?.reason === 'noCredentials';
  // The others wait behind it.
  await until(async () => (await Promise.all(ids.map(waits))).some(Boolean), { what: 'that one waits for credentials' });
  credential('add-fcm', '--service-account-file', path.join(world.sim.credentials, 'fcm-service-account.json'));
  const begun = performance.now();
  await until(async () => { const told = await world.pushes(); return titles.every((title) => told.some(titled(title))); }, { what: 'every push' });
  t.diagnostic(`measured what waited for credentials was pushed ${((performance.now() - begun) / 1000).toFixed(1)} s after the command that set them`);
});
