// Tickets of notifications, as pushes bring them to every platform: one notification shown and settled without a token.
import test from 'node:test';
import assert from 'node:assert/strict';
import { call, concerns, Live, notification } from '../harness/actors.mjs';
import { until } from '../harness/server.mjs';
import { device, pushDeployment, report } from '../harness/pushes.mjs';

const platforms = ['apns', 'fcm', 'wns', 'webPush'];
// The signal of what a platform was sent.
const signalOf = { apns: (one) => one.payloadJson, fcm: (one) => ({ ...one.body.message.data, activities: JSON.parse(one.body.message.data.activities) }), wns: (one) => one.payloadJson, webPush: (one) => one.messageJson };

const withTicket = (at, ticket, { method = 'GET', body, version = 'beta' } = {}) => call(at.base, method, `/${version}/notifications/ticket`, { headers: { Authorization: `Ticket ${ticket}` }, body });
const post = async (at, unsid, more) => {
  const posted = await call(at.base, 'POST', '/beta/me/notifications', { token: at.app, unsid, body: notification(at.demo, more) });
  assert.equal(posted.status, 201, posted.raw);
  return posted.json.id;
};
const pushed = (at, platform, fits = () => true) => until(async () => (await at.sim.received({ platform, kind: 'push' })).find(fits), { what: `a push by ${platform}` });
const refusal = ({ status, json }) => [status, json.error.innerError.code ?? json.error.code];

test('the ticket of a raw push shows and settles its notification, on every platform', { timeout: 300_000 }, async (t) => {
  const at = await pushDeployment(t);
  const [alice] = at.demo.users;
  const devices = {};
  for (const platform of platforms) devices[platform] = await device(at, alice, platform);
  const live = await Live.open(at.base, devices.fcm.token);
  t.after(() => live.close());
  const tickets = [];
  let id;
  for (const platform of platforms) {
    await at.sim.call('DELETE', '/sim/received');
    id = await post(at, devices.fcm.unsid, { payload: { rawContent: `for ${platform}` } });
    const signal = signalOf[platform](await pushed(at, platform, (one) => signalOf[platform](one).activities.some((activity) => activity.id === id)));
    assert.match(signal.ticket, /^[\w-]{131}$/);
    assert.equal(signal.subscriptionId, devices[platform].id);
    tickets.push(signal.ticket);

    const shown = await withTicket(at, signal.ticket);
    assert.equal(shown.status, 200, shown.raw);
    assert.deepEqual([shown.json.id, shown.json.payload.rawContent], [id, `for ${platform}`]);
    assert.ok(!shown.raw.includes(alice.userPrincipalName), shown.raw);
    await until(async () => (await report(at, devices.fcm.unsid, id)).get(devices[platform].id).state === 'acknowledged', { what: `that ${platform} fetched` });

    const settled = await withTicket(at, signal.ticket, { method: 'POST', body: { userActionState: 'dismissed' }, version: 'v1.0' });
    assert.equal(settled.status, 200, settled.raw);
    assert.deepEqual([settled.json.userActionState, settled.json.handledBy.deviceName], ['dismissed', platform]);
    const told = await live.next((message) => concerns(id)(message) && message.activities[0].userActionState === 2);
    assert.equal(told.newETag, settled.headers.get('X-New-ETag'));
    assert.equal(told.ticket, undefined, 'a live connection has a token');
  }
  // Nothing is left to be shown: what follows brings no ticket.
  const silent = await pushed(at, 'fcm', (one) => signalOf.fcm(one).activities.some((activity) => activity.id === id && activity.userActionState === 2));
  assert.equal(silent.body.message.data.ticket, undefined);
  for (const ticket of tickets) assert.ok(!at.server.log.includes(ticket), 'a ticket is in the log');
});

test('a ticket opens one notification of one endpoint, as long as both are what they were', { timeout: 300_000 }, async (t) => {
  const at = await pushDeployment(t);
  const [alice] = at.demo.users;
  const phone = await device(at, alice, 'fcm'), desk = await device(at, alice, 'wns');
  const ticketOf = async (id) => signalOf.fcm(await pushed(at, 'fcm', (one) => one.body.message.android.notification?.tag === id)).ticket;
  const other = await post(at, phone.unsid), id = await post(at, phone.unsid, { appNotificationId: 'parcel' });
  const ticket = await ticketOf(id);
  for (const [method, path] of [['GET', `/beta/me/notifications/${other}`], ['GET', `/beta/me/notifications/${id}`], ['GET', '/beta/me/notifications'], ['GET', `/v2/feeds/me/activities/${id}`], ['DELETE', `/beta/me/notifications/${id}`], ['DELETE', '/beta/notifications/ticket']]) {
    const answer = await call(at.base, method, path, { headers: { Authorization: `Ticket ${ticket}` } });
    assert.equal(answer.status, method === 'DELETE' && path.endsWith('ticket') ? 405 : 401, `${method} ${path}: ${answer.raw}`);
  }
  const preflight = await fetch(`${at.base}/beta/notifications/ticket`, { method: 'OPTIONS', headers: { Origin: 'http://localhost:3000', 'Access-Control-Request-Method': 'POST', 'Access-Control-Request-Headers': 'authorization' } });
  assert.deepEqual([preflight.status, preflight.headers.get('Access-Control-Allow-Origin')], [204, 'http://localhost:3000']);

  await at.sim.call('DELETE', '/sim/received');
  await post(at, phone.unsid, { appNotificationId: 'parcel' });
  assert.deepEqual(refusal(await withTicket(at, ticket)), [412, 'contentChanged']);
  assert.deepEqual(refusal(await withTicket(at, ticket, { method: 'POST', body: { readState: 'read' } })), [412, 'contentChanged']);
  const newer = await ticketOf(id);
  assert.equal((await withTicket(at, newer)).status, 200);

  assert.equal((await call(at.base, 'DELETE', `/beta/me/notifications/${id}`, { token: at.app, unsid: desk.unsid })).status, 204);
  assert.deepEqual(refusal(await withTicket(at, newer)), [404, 'itemNotFound']);
  // The phone changes hands: whatever it still has is of no use.
  await device(at, at.demo.users[1], 'fcm', { endpoint: phone.endpoint });
  assert.deepEqual(refusal(await withTicket(at, newer)), [410, 'channelMoved']);
});
