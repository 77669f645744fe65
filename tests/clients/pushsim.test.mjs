// Real senders of others are accepted by heliograph-pushsim, their wrong uses refused with the reason, and what it
// decrypts is what http_ece decrypts.
import test from 'node:test';
import assert from 'node:assert/strict';
import https from 'node:https';
import crypto from 'node:crypto';
import webpush from 'web-push';
import apn from '@parse/node-apn';
import ece from 'http_ece';
import { PushSim } from '../harness/pushsim.mjs';

const keys = webpush.generateVAPIDKeys();
const vapidDetails = { subject: 'mailto:push@example.com', ...keys };

// Never throws: {status, headers, body, error}.
const send = (sim, subscription, payload, options = {}) =>
  webpush.sendNotification(subscription, payload, { vapidDetails, agent: new https.Agent({ ca: sim.authority }), ...options })
    .then((done) => ({ status: done.statusCode, headers: done.headers, body: done.body }),
      (error) => ({ status: error.statusCode, headers: error.headers, body: error.body, error }));

function post(url, { ca, headers, body, method = 'POST' }) {
  return new Promise((resolve, reject) => {
    const request = https.request(url, { method, ca, headers }, (response) => {
      let text = '';
      response.on('data', (d) => (text += d)).on('end', () => resolve({ status: response.statusCode, headers: response.headers, body: text }));
    });
    request.on('error', reject).end(body);
  });
}

test('web-push is accepted, and read', async (t) => {
  const sim = await PushSim.start(t);
  const browser = await sim.endpoint('webPush', { applicationServerKey: keys.publicKey });
  const done = await send(sim, browser, JSON.stringify({ text: 'Grüße' }), { TTL: 60, urgency: 'high', topic: 'order-17' });
  assert.equal(done.status, 201, done.body);
  assert.match(done.headers.location, /^https:\/\/localhost:\d+\/message\//);
  const [came] = await sim.received({ platform: 'webPush' });
  assert.equal(came.outcome, 'accepted');
  assert.deepEqual(came.messageJson, { text: 'Grüße' });
  assert.deepEqual([came.headers.TTL, came.headers.Urgency, came.headers.Topic], ['60', 'high', 'order-17']);
  assert.equal(came.vapid.sub, vapidDetails.subject);
  assert.equal(came.applicationServerKey, keys.publicKey);
  assert.equal((await send(sim, browser, null)).status, 201, 'a message without a body');
});

test('its wrong uses are refused as a push service would', async (t) => {
  const sim = await PushSim.start(t);
  const browser = await sim.endpoint('webPush', { applicationServerKey: keys.publicKey });
  const others = webpush.generateVAPIDKeys();
  const refused = async (status, why, payload, options, to = browser) => {
    const done = await send(sim, to, payload, options);
    assert.equal(done.status, status, `${why}: ${done.body}`);
    const came = await sim.last();
    assert.equal(came.outcome, 'refused');
    assert.match(came.problems[0], new RegExp(why));
    await sim.logged(new RegExp(why));
  };
  await refused(403, 'another application server key', 'x', { vapidDetails: { ...vapidDetails, ...others } });
  await refused(401, 'VAPID is needed', 'x', { vapidDetails: null });
  await refused(403, 'can be reached', 'x', { vapidDetails: { ...vapidDetails, subject: 'https://localhost' } });
  await refused(413, 'bytes, 4096 may be', 'x'.repeat(3994), {});
  await refused(415, 'aes128gcm', 'x', { contentEncoding: 'aesgcm', vapidDetails: null }, await sim.endpoint('webPush'));
  const foreign = await sim.endpoint('webPush', { applicationServerKey: keys.publicKey });
  await refused(400, 'does not open', 'x', {}, { ...browser, keys: foreign.keys });
  await refused(404, 'no such subscription', 'x', {}, { ...browser, endpoint: browser.endpoint.slice(0, -1) });
  assert.equal((await send(sim, browser, 'x'.repeat(3993))).status, 201, 'what just fits');

  await sim.change(browser, { state: 'gone' });
  await refused(410, 'gone', 'x', {});
  await sim.change(browser, { state: 'expired' });
  await refused(404, 'expired', 'x', {});
});

test('TTL, Urgency and Topic are held to RFC 8030', async (t) => {
  const sim = await PushSim.start(t);
  const browser = await sim.endpoint('webPush');
  const made = webpush.generateRequestDetails(browser, 'x', { TTL: 60, vapidDetails });
  const sent = (change) => post(made.endpoint, { ca: sim.authority, headers: { ...made.headers, ...change }, body: made.body });
  assert.equal((await sent({})).status, 201);
  assert.equal((await sent({ Prefer: 'respond-async' })).status, 202);
  for (const [change, why] of [
    [{ TTL: undefined }, 'TTL'], [{ TTL: 'soon' }, 'seconds'], [{ TTL: '-1' }, 'seconds'], [{ Urgency: 'urgent' }, 'Urgency'],
    [{ Topic: 'a'.repeat(33) }, 'Topic'], [{ Topic: 'two words' }, 'Topic'], [{ 'Content-Encoding': undefined }, 'Content-Encoding'],
  ]) {
    const headers = Object.fromEntries(Object.entries({ ...made.headers, ...change }).filter(([, value]) => value !== undefined));
    const answer = await post(made.endpoint, { ca: sim.authority, headers, body: made.body });
    assert.equal(answer.status, 400, JSON.stringify(change));
    assert.match(JSON.parse(answer.body).message, new RegExp(why));
  }
});

test('what waits for a browser is replaced by its topic, and can be taken back', async (t) => {
  const sim = await PushSim.start(t);
  const browser = await sim.endpoint('webPush', { online: false });
  const waiting = async () => (await sim.call('GET', `/sim/endpoints/webPush/${browser.id}/waiting`)).value.map((m) => m.message);
  await send(sim, browser, 'first', { topic: 'a', TTL: 60 });
  const second = await send(sim, browser, 'second', { topic: 'a', TTL: 60 });
  await send(sim, browser, 'other', { topic: 'b', TTL: 60 });
  await send(sim, browser, 'now or never', { TTL: 0 });
  assert.deepEqual((await waiting()).sort(), ['other', 'second']);
  const withdraw = () => post(second.headers.location, { ca: sim.authority, method: 'DELETE' });
  assert.equal((await withdraw()).status, 204);
  assert.equal((await withdraw()).status, 404);
  assert.deepEqual(await waiting(), ['other']);
  await sim.change(browser, { online: true });
  assert.deepEqual(await waiting(), []);
});

test('its decryption agrees with http_ece', async (t) => {
  const sim = await PushSim.start(t);
  const browser = await sim.endpoint('webPush');
  for (const size of [1, 17, 1000, 3993]) {
    const clear = crypto.randomBytes(size);
    const mine = crypto.createECDH('prime256v1');
    mine.generateKeys();
    const body = ece.encrypt(clear, { version: 'aes128gcm', dh: browser.keys.p256dh, authSecret: browser.keys.auth, privateKey: mine, salt: crypto.randomBytes(16), rs: 4096 });
    const answer = await post(browser.endpoint, { ca: sim.authority, headers: { TTL: 0, 'Content-Encoding': 'aes128gcm', 'Content-Length': body.length }, body });
    assert.equal(answer.status, 201, answer.body);
    const came = await sim.last();
    assert.deepEqual(came.messageBase64 ? Buffer.from(came.messageBase64, 'base64') : Buffer.from(came.message), clear);
    body[body.length - 1] ^= 1;
    assert.equal((await post(browser.endpoint, { ca: sim.authority, headers: { TTL: 0, 'Content-Encoding': 'aes128gcm', 'Content-Length': body.length }, body })).status, 400);
  }
});

function provider(t, sim, { app = sim.app('apns'), address = sim.addresses.apns, token = {} } = {}) {
  const made = new apn.Provider({ token: { key: app.privateKey, keyId: app.keyId, teamId: app.teamId, ...token }, address: 'localhost', port: Number(new URL(address).port), ca: sim.authority, production: true, connectionRetryLimit: 1 });
  t.after(() => made.shutdown());
  return made;
}
const note = (more) => Object.assign(new apn.Notification(), { topic: 'com.example.heliograph', pushType: 'alert', alert: { title: 'Hello', body: 'from afar' }, ...more });
const pushed = async (sender, notification, device) => {
  const { sent, failed } = await sender.send(notification, device.token);
  return sent.length ? { status: 200 } : { status: Number(failed[0].status), ...failed[0].response };
};

test('@parse/node-apn is accepted, and read', async (t) => {
  const sim = await PushSim.start(t);
  const phone = await sim.endpoint('apns');
  const sender = provider(t, sim);
  const shown = note({ collapseId: 'n-1', expiry: Math.floor(Date.now() / 1000) + 3600, threadId: 'chat', mutableContent: 1, payload: { id: 'n-1' } });
  assert.deepEqual(await pushed(sender, shown, phone), { status: 200 });
  const silent = Object.assign(new apn.Notification(), { topic: 'com.example.heliograph', pushType: 'background', priority: 5, contentAvailable: 1 });
  assert.deepEqual(await pushed(sender, silent, phone), { status: 200 });
  const [first, second] = await sim.received({ platform: 'apns' });
  assert.deepEqual(first.payloadJson, { id: 'n-1', aps: { alert: { title: 'Hello', body: 'from afar' }, 'thread-id': 'chat', 'mutable-content': 1 } });
  assert.equal(first.headers['apns-collapse-id'], 'n-1');
  assert.equal(first.endpoint, phone.id);
  assert.equal(first.providerToken.claims.iss, sim.app('apns').teamId);
  assert.equal(second.headers['apns-push-type'], 'background');

  const many = await Promise.all(Array.from({ length: 60 }, (_, i) => pushed(sender, note({ collapseId: `m-${i}` }), phone)));
  assert.ok(many.every((answer) => answer.status === 200), JSON.stringify(many.find((answer) => answer.status !== 200)));
  assert.equal((await sim.received({ platform: 'apns', outcome: 'accepted' })).length, 62);
});

test('its wrong uses are refused with the reasons that Apple gives', async (t) => {
  const sim = await PushSim.start(t);
  const phone = await sim.endpoint('apns');
  const sandboxed = await sim.endpoint('apns', { environment: 'sandbox' });
  const other = await sim.endpoint('apns', { app: 'com.example.other' });
  const sender = provider(t, sim);
  const refused = async (status, reason, notification, device = phone, by = sender) => {
    const answer = await pushed(by, notification, device);
    assert.deepEqual([answer.status, answer.reason], [status, reason]);
    assert.equal((await sim.last()).reason, reason);
  };
  await refused(400, 'MissingTopic', note({ topic: '' }));
  await refused(400, 'TopicDisallowed', note({ topic: 'com.example.unknown' }));
  await refused(400, 'BadTopic', note({ pushType: 'voip' }));
  await refused(400, 'InvalidPushType', note({ pushType: '' }));
  await refused(400, 'BadPriority', note({ pushType: 'background', alert: undefined, contentAvailable: 1 }));
  await refused(400, 'BadPriority', note({ priority: 7 }));
  await refused(400, 'BadCollapseId', note({ collapseId: 'x'.repeat(65) }));
  await refused(400, 'BadMessageId', note({ id: 'no-guid' }));
  await refused(400, 'BadPayload', note({ pushType: 'background', priority: 5, contentAvailable: 1 }));
  await refused(413, 'PayloadTooLarge', note({ payload: { long: 'x'.repeat(4096) } }));
  await refused(400, 'DeviceTokenNotForTopic', note(), other);
  await refused(400, 'BadDeviceToken', note(), sandboxed);
  await refused(400, 'BadDeviceToken', note(), { token: 'ab'.repeat(32) });
  assert.deepEqual(await pushed(provider(t, sim, { address: sim.addresses.apnsSandbox }), note(), sandboxed), { status: 200 });

  await sim.change(phone, { state: 'gone' });
  const gone = await pushed(sender, note(), phone);
  assert.deepEqual([gone.status, gone.reason], [410, 'Unregistered']);
  assert.ok(Math.abs(gone.timestamp - Date.now()) < 60_000);
  await sim.change(phone, { state: 'expired' });
  await refused(410, 'ExpiredToken', note());
  await sim.change(phone, { state: 'live' });

  const strange = await sim.call('POST', '/sim/apps', { platform: 'apns', environment: 'sandbox' });
  await refused(403, 'InvalidProviderToken', note(), phone, provider(t, sim, { token: { teamId: 'AAAAAAAAAA' } }));
  await refused(403, 'InvalidProviderToken', note(), phone, provider(t, sim, { token: { key: strange.privateKey } }));
  await refused(403, 'BadEnvironmentKeyIdInToken', note(), phone, provider(t, sim, { app: strange }));
});
