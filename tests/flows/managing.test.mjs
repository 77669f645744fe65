// What managing does to the other endpoints: an app server's change alerts only where it says so; a change to all is one signal.
import test from 'node:test';
import assert from 'node:assert/strict';
import { demoServer } from '../harness/server.mjs';
import { appToken, call, concerns, Live, notification, subscribe, userToken } from '../harness/actors.mjs';

async function house(t) {
  const { server, demo, data } = await demoServer(t);
  const token = userToken(data, demo, demo.users[0]);
  const phone = await subscribe(server.base, token, { deviceId: 'phone' });
  const laptop = await subscribe(server.base, token, { deviceId: 'laptop' });
  const app = await appToken(server.base, demo);
  const post = (more) => call(server.base, 'POST', '/beta/me/notifications', { token: app, unsid: phone.unsid, body: notification(demo, more) });
  const live = async (device) => { const one = await Live.open(server.base, token, { subscription: device.id }); t.after(() => one.close()); return one; };
  return { base: server.base, token, app, phone, laptop, post, live };
}

test('an app server\'s change alerts again only where it says so', async (t) => {
  const { base, app, phone, laptop, post, live } = await house(t);
  const seen = await live(laptop);
  const { json } = await post();
  const path = `/beta/me/notifications/${json.id}`;
  const quiet = await call(base, 'PATCH', path, { token: app, unsid: phone.unsid, body: { priority: 'Low' } });
  const loud = await call(base, 'PATCH', path, { token: app, unsid: phone.unsid, body: { priority: 'High', alert: true } });
  const at = async (change) => (await seen.next((m) => m.newETag === change.headers.get('x-new-etag'))).activities[0];
  const [first, second] = [await at(quiet), await at(loud)];
  assert.deepEqual([first.status, first.contentVersion, first.alert], [1, 2, false]);
  assert.deepEqual([second.status, second.contentVersion, second.alert], [1, 3, undefined]);
});

test('a change to all is one signal, and its maker gets none', async (t) => {
  const { base, token, phone, laptop, post, live } = await house(t);
  const [maker, other] = [await live(phone), await live(laptop)];
  const ids = [];
  for (const groupName of ['a', 'a', 'b']) ids.push((await post({ groupName })).json.id);
  await maker.next(concerns(ids[2]));
  const all = await call(base, 'POST', '/beta/me/notifications/dismissAll', { token, unsid: phone.unsid, body: { groupName: 'a' } });
  assert.equal(all.status, 204, all.raw);
  const told = await other.next((m) => m.newETag === all.headers.get('x-new-etag'));
  assert.equal(told.baseETag, all.headers.get('x-base-etag'));
  assert.deepEqual(told.activities.map((one) => one.id).sort(), ids.slice(0, 2).sort());
  assert.ok(told.activities.every((one) => one.userActionState === 2 && one.alert === false));
  // The maker goes on from what it made itself: the next thing it hears of is the next post.
  const next = await post();
  const heard = await maker.next(concerns(next.json.id));
  assert.ok(!maker.signals().some((m) => m !== heard && m.activities.some((one) => one.userActionState === 2)));
});
