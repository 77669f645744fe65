// The push that says that a subscription ends.
import test from 'node:test';
import assert from 'node:assert/strict';
import { call, notification, userToken } from '../harness/actors.mjs';
import { Server, until } from '../harness/server.mjs';
import { device, pushDeployment } from '../harness/pushes.mjs';

const pushed = (at, platform, fits = () => true) => until(async () => (await at.sim.received({ platform, kind: 'push' })).find(fits), { what: `a push by ${platform}`, seconds: 120 });

test('a subscription that nears its end is said once, silently, and survives a restart', { timeout: 300_000 }, async (t) => {
  const at = await pushDeployment(t);
  // Before the time is set: a command may take as long on a busy machine as there is until the push.
  const alice = userToken(at.data, at.demo, at.demo.users[0]);
  const day = 86_400_000;
  const soon = new Date(Date.now() + 3 * day + 4_000).toISOString();
  const phone = await device(at, alice, 'fcm', { expirationDateTime: soon });
  const tablet = await device(at, alice, 'apns', { expirationDateTime: soon });
  const renewed = await device(at, alice, 'wns', { expirationDateTime: soon });
  await device(at, alice, 'webPush', { expirationDateTime: soon });
  await device(at, alice, 'wns', { endpoint: renewed.endpoint, expirationDateTime: new Date(Date.now() + 30 * day).toISOString() });
  await at.server.stop();
  const again = await Server.start(at.data, { env: at.env, listen: new URL(at.base).host });
  t.after(() => again.stop());

  const warned = await pushed(at, 'fcm');
  const { subscription, subscriptionId, changeType, activities } = warned.body.message.data;
  const { expirationDateTime, ...state } = JSON.parse(subscription);
  assert.deepEqual([state, subscriptionId, changeType, activities], [{ state: 'expiring' }, phone.id, 'afsChange', '[]']);
  assert.ok(Math.abs(new Date(expirationDateTime) - new Date(soon)) < 60_000, expirationDateTime);
  assert.equal(warned.body.message.notification, undefined);
  const apple = await pushed(at, 'apns');
  assert.deepEqual([apple.payloadJson.subscription.state, apple.payloadJson.subscriptionId, apple.headers['apns-push-type']], ['expiring', tablet.id, 'background']);

  // A post makes the worker look again: it finds nothing more to say.
  const posted = await call(at.base, 'POST', '/beta/me/notifications', { token: at.app, unsid: phone.unsid, body: notification(at.demo) });
  assert.equal(posted.status, 201, posted.raw);
  await pushed(at, 'fcm', (one) => one.body.message.notification);
  const all = await at.sim.received({ kind: 'push' });
  assert.deepEqual(all.filter((one) => JSON.stringify(one).includes('expiring')).map((one) => one.platform).sort(), ['apns', 'fcm']);
});
