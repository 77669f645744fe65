// heliograph-pushsim on the wire: its protocols, its misbehaviour, its folder.
import test from 'node:test';
import assert from 'node:assert/strict';
import crypto from 'node:crypto';
import http2 from 'node:http2';
import https from 'node:https';
import net from 'node:net';
import tls from 'node:tls';
import { once } from 'node:events';
import { spawnSync } from 'node:child_process';
import { readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import { temporaryFolder, until } from '../harness/server.mjs';
import { PushSim, simulator } from '../harness/pushsim.mjs';

const b64 = (value) => Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url');
function jwt(header, claims, pem) {
  const text = `${b64(header)}.${b64(claims)}`;
  const key = { key: pem, dsaEncoding: 'ieee-p1363' };
  return `${text}.${crypto.sign('sha256', Buffer.from(text), key).toString('base64url')}`;
}
const now = () => Math.floor(Date.now() / 1000);

// One HTTP/1.1 request: {status, headers, body}; rejects where there was no answer.
function ask(sim, url, { method = 'POST', headers = {}, body, agent } = {}) {
  return new Promise((resolve, reject) => {
    const request = https.request(url, { method, ca: sim.authority, headers: { 'Content-Length': Buffer.byteLength(body ?? ''), ...headers }, agent: agent ?? false }, (response) => {
      let text = '';
      response.on('data', (d) => (text += d)).on('end', () => resolve({ status: response.statusCode, headers: response.headers, body: text })).on('error', reject);
    });
    request.on('error', reject);
    request.end(body);
  });
}

// An HTTP/2 connection that says all it hears.
async function connect(t, sim, address) {
  const session = http2.connect(address, { ca: sim.authority });
  session.on('error', () => {});
  t.after(() => session.destroy());
  session.goaways = [];
  session.on('goaway', (code, last, data) => session.goaways.push({ code, last, data: data && Buffer.from(data).toString() }));
  session.limits = [];
  session.on('remoteSettings', (settings) => session.limits.push(settings.maxConcurrentStreams));
  await once(session, 'remoteSettings');
  session.ask = (headers, body) => new Promise((resolve, reject) => {
    const stream = session.request({ ':method': 'POST', ...headers });
    let status, text = '';
    stream.on('response', (fields) => (status = fields[':status'])).on('data', (d) => (text += d)).on('error', reject);
    stream.on('close', () => (status ? resolve({ status, body: text }) : reject(new Error(`closed by ${stream.rstCode}`))));
    stream.end(body);
  });
  return session;
}

function apple(sim) {
  const app = sim.app('apns');
  const token = jwt({ alg: 'ES256', kid: app.keyId }, { iss: app.teamId, iat: now() }, app.privateKey);
  return (device, more = {}) => ({ ':path': `/3/device/${device.token}`, authorization: `bearer ${token}`, 'apns-topic': app.topics[0], 'apns-push-type': 'alert', ...more });
}
const alert = JSON.stringify({ aps: { alert: 'hello' } });

async function google(sim) {
  const account = sim.app('fcm').serviceAccount;
  const assertion = jwt({ alg: 'RS256', kid: account.private_key_id }, { iss: account.client_email, aud: account.token_uri, scope: 'https://www.googleapis.com/auth/firebase.messaging', iat: now(), exp: now() + 3600 }, account.private_key);
  const granted = await ask(sim, account.token_uri, { headers: { 'Content-Type': 'application/x-www-form-urlencoded' }, body: new URLSearchParams({ grant_type: 'urn:ietf:params:oauth:grant-type:jwt-bearer', assertion }).toString() });
  assert.equal(granted.status, 200, granted.body);
  const headers = { Authorization: `Bearer ${JSON.parse(granted.body).access_token}`, 'Content-Type': 'application/json' };
  const url = `${sim.addresses.https}/v1/projects/${account.project_id}/messages:send`;
  return { url, headers, send: (message) => ask(sim, url, { headers, body: JSON.stringify({ message }) }) };
}

async function microsoft(sim, app) {
  const form = { grant_type: 'client_credentials', client_id: app.id, client_secret: app.clientSecret, scope: app.tenantId ? 'https://wns.windows.com/.default' : 'notify.windows.com' };
  const granted = await ask(sim, app.tokenUrl, { headers: { 'Content-Type': 'application/x-www-form-urlencoded' }, body: new URLSearchParams(form).toString() });
  assert.equal(granted.status, 200, granted.body);
  return { Authorization: `Bearer ${JSON.parse(granted.body).access_token}`, 'X-WNS-Type': 'wns/toast', 'Content-Type': 'text/xml' };
}
const toast = '<toast><visual><binding template="ToastGeneric"><text>Hello</text></binding></visual></toast>';

test('FCM: a service account gets its token, and sends over HTTP/1.1 and HTTP/2', async (t) => {
  const sim = await PushSim.start(t);
  const { url, headers, send } = await google(sim);
  const phone = await sim.endpoint('fcm');
  assert.equal((await send({ token: phone.token, data: { a: 'b' } })).status, 200);
  assert.equal((await send({ fid: phone.fid, data: { a: 'b' } })).status, 200);
  assert.equal((await send({ token: 'none' })).status, 400);
  const session = await connect(t, sim, sim.addresses.https);
  assert.deepEqual(session.limits, [100]);
  const lower = Object.fromEntries(Object.entries(headers).map(([k, v]) => [k.toLowerCase(), v]));
  const many = await Promise.all(Array.from({ length: 100 }, (_, i) => session.ask({ ':path': new URL(url).pathname, ...lower }, JSON.stringify({ message: { token: phone.token, data: { n: `${i}` } } }))));
  assert.ok(many.every((answer) => answer.status === 200));
  assert.equal((await sim.received({ platform: 'fcm', endpoint: phone.id, outcome: 'accepted' })).length, 102);
  await sim.call('DELETE', '/sim/tokens');
  const stale = await send({ token: phone.token });
  assert.deepEqual([stale.status, JSON.parse(stale.body).error.status], [401, 'UNAUTHENTICATED']);
});

test('WNS: both token services, toasts, and what ends a channel', async (t) => {
  const sim = await PushSim.start(t);
  for (const app of sim.apps.filter((one) => one.platform === 'wns')) {
    const headers = await microsoft(sim, app);
    const channel = await sim.endpoint('wns', { app: app.id });
    const sent = await ask(sim, channel.channelUri, { headers, body: toast });
    assert.deepEqual([sent.status, sent.headers['x-wns-status']], [200, 'received'], sent.headers['x-wns-error-description']);
    assert.deepEqual((await sim.last({ platform: 'wns', endpoint: channel.id })).texts, ['Hello']);
    await sim.fault({ platform: 'wns', endpoint: channel.id, fault: 'gone', times: 1 });
    for (let again = 0; again < 2; again++) {
      const gone = await ask(sim, channel.channelUri, { headers, body: toast });
      assert.deepEqual([gone.status, gone.headers['x-wns-error-description']], [410, 'Revoked channel URL']);
    }
  }
});

test('APNs: one stream until the provider is known; then many', async (t) => {
  const sim = await PushSim.start(t);
  const phone = await sim.endpoint('apns');
  const session = await connect(t, sim, sim.addresses.apns);
  const headers = apple(sim);
  assert.deepEqual(session.limits, [1]);
  assert.equal((await session.ask(headers(phone, { authorization: 'bearer nothing' }), alert)).status, 403);
  assert.deepEqual(session.limits, [1], 'a bad token opens nothing');
  assert.equal((await session.ask(headers(phone), alert)).status, 200);
  assert.deepEqual(session.limits, [1, 1000]);
  const many = await Promise.all(Array.from({ length: 200 }, () => session.ask(headers(phone), alert)));
  assert.ok(many.every((answer) => answer.status === 200));

  const http1 = await new Promise((resolve) => {
    const socket = tls.connect({ port: Number(new URL(sim.addresses.apns).port), host: 'localhost', ca: sim.authority, ALPNProtocols: ['http/1.1'] });
    socket.on('secureConnect', () => resolve('spoken to')).on('error', (error) => resolve(error.code));
  });
  assert.notEqual(http1, 'spoken to', 'nothing but HTTP/2');
});

test('GOAWAY: on request, and in place of an answer', async (t) => {
  const sim = await PushSim.start(t);
  const phone = await sim.endpoint('apns');
  const headers = apple(sim);
  const first = await connect(t, sim, sim.addresses.apns);
  assert.equal((await first.ask(headers(phone), alert)).status, 200);
  const closed = once(first, 'close');
  assert.deepEqual(await sim.call('POST', '/sim/goaway', { reason: 'Shutdown' }), { connections: 1 });
  await closed;
  assert.deepEqual(first.goaways, [{ code: 0, last: 1, data: '{"reason":"Shutdown"}' }]);

  const second = await connect(t, sim, sim.addresses.apns);
  assert.equal((await second.ask(headers(phone), alert)).status, 200);
  await sim.fault({ platform: 'apns', fault: 'goaway', times: 1 });
  await assert.rejects(second.ask(headers(phone), alert));
  assert.equal(second.goaways[0].last, 1, 'the second stream was not processed');
  assert.equal((await sim.last()).outcome, 'disturbed');
});

test('every platform misbehaves when asked', async (t) => {
  const sim = await PushSim.start(t);
  const { send } = await google(sim);
  const phone = await sim.endpoint('fcm');
  const push = () => send({ token: phone.token, data: { a: 'b' } });
  const once_ = (fault) => sim.fault({ platform: 'fcm', times: 1, ...fault });

  await once_({ fault: 'status', status: 429, retryAfter: 7 });
  const throttled = await push();
  assert.deepEqual([throttled.status, throttled.headers['retry-after'], JSON.parse(throttled.body).error.details[0].errorCode], [429, '7', 'QUOTA_EXCEEDED']);
  await once_({ fault: 'html' });
  const page = await push();
  assert.deepEqual([page.status, page.headers['content-type']], [502, 'text/html; charset=UTF-8']);
  await once_({ fault: 'reset' });
  await assert.rejects(push(), { code: 'ECONNRESET' });
  await once_({ fault: 'garbage' });
  await assert.rejects(push(), /Parse Error/);
  await once_({ fault: 'none', latencyMs: 300 });
  const begun = Date.now();
  assert.equal((await push()).status, 200);
  assert.ok(Date.now() - begun >= 300);
  await once_({ fault: 'reset', after: true });
  await assert.rejects(push(), { code: 'ECONNRESET' });
  assert.equal((await sim.last()).outcome, 'accepted', 'taken, and the answer lost');
  await once_({ fault: 'hang' });
  const hanging = push();
  hanging.catch(() => {});
  await until(async () => (await sim.last()).outcome === 'disturbed', { what: 'the request that is to hang' });
  assert.equal(await Promise.race([hanging.then(() => 'answered'), sim.call('GET', '/sim').then(() => 'nothing yet')]), 'nothing yet');
  await sim.fault({ platform: 'fcm', proportion: 0.5, fault: 'status', status: 503 });
  const statuses = [];
  for (let i = 0; i < 40; i++) statuses.push((await push()).status);
  assert.deepEqual([...new Set(statuses)].sort(), [200, 503]);
  await sim.peace();
  assert.equal((await push()).status, 200);

  await sim.fault({ platform: 'fcm', on: 'token', fault: 'status', status: 503, times: 1 });
  await assert.rejects(google(sim));
  await google(sim);
});

// Says lines, one after the other, and answers the codes of the replies.
async function converse(sim, lines, { startTls = false } = {}) {
  let socket = net.connect(Number(sim.addresses.smtp.split(':').at(-1)), '127.0.0.1');
  let heard = '';
  const listen = (s) => s.setEncoding('utf8').on('data', (d) => (heard += d)).on('error', () => {});
  listen(socket);
  const reply = async () => {
    for (let match; ; await Promise.race([once(socket, 'data'), once(socket, 'close').then(() => { throw new Error(`closed: ${heard}`); })])) {
      if ((match = /^((\d{3})-.*\r\n)*(\d{3}) .*\r\n/.exec(heard))) { heard = heard.slice(match[0].length); return Number(match[3]); }
    }
  };
  const codes = [await reply()];
  if (startTls) {
    socket.write('EHLO client\r\n');
    await reply();
    socket.write('STARTTLS\r\n');
    assert.equal(await reply(), 220);
    socket.removeAllListeners('data');
    socket = listen(tls.connect({ socket, ca: sim.authority, servername: 'localhost' }));
  }
  for (const line of lines) { socket.write(`${line}\r\n`); codes.push(await reply()); }
  socket.end();
  return codes;
}
const mail = (to) => ['MAIL FROM:<news@example.com>', `RCPT TO:<${to}>`, 'DATA', 'From: News <news@example.com>\r\nDate: Wed, 25 Nov 2026 12:00:00 +0000\r\nMessage-ID: <n1@example.com>\r\nSubject: =?utf-8?Q?Gr=C3=BC=C3=9Fe?=\r\n\r\nhello\r\n..dots\r\n.'];

test('SMTP: mail is kept, in the clear and by STARTTLS, with and without AUTH', async (t) => {
  const sim = await PushSim.start(t);
  const account = sim.app('email');
  const plain = (password) => `AUTH PLAIN ${Buffer.from(`\0${account.user}\0${password}`).toString('base64')}`;
  assert.deepEqual(await converse(sim, ['EHLO client', ...mail('a@example.com'), 'QUIT']), [220, 250, 250, 250, 354, 250, 221]);
  const [kept] = await sim.received({ platform: 'email' });
  assert.deepEqual([kept.endpoint, kept.subject, kept.parts, kept.mailFrom, kept.user, kept.tls], ['a@example.com', 'Grüße', [{ type: 'text/plain', text: 'hello\r\n.dots\r\n' }], 'news@example.com', null, false]);
  assert.deepEqual(await converse(sim, ['EHLO client', plain(account.password), ...mail('b@example.com')], { startTls: true }), [220, 250, 235, 250, 250, 354, 250]);
  const secure = await sim.last({ platform: 'email' });
  assert.deepEqual([secure.user, secure.tls], [account.user, true]);
  assert.deepEqual(await converse(sim, ['EHLO client', plain('guess')]), [220, 250, 535]);

  await sim.fault({ platform: 'email', fault: 'status', status: 451, times: 1 });
  assert.equal((await converse(sim, ['EHLO client', ...mail('a@example.com')])).at(-1), 451);
  const dead = await sim.endpoint('email', { id: 'gone@example.com', state: 'gone' });
  assert.deepEqual(await converse(sim, ['EHLO client', ...mail(dead.id).slice(0, 2)]), [220, 250, 250, 550]);

  const strict = await PushSim.start(t, { args: ['--smtp-require-auth', '--smtp-require-tls'] });
  assert.equal((await converse(strict, ['EHLO client', mail('a@example.com')[0]])).at(-1), 530);
  assert.equal((await converse(strict, ['EHLO client', mail('a@example.com')[0]], { startTls: true })).at(-1), 530);
});

test('its folder makes it the same again, and belongs to its owner', async (t) => {
  const credentials = temporaryFolder(t);
  const before = await PushSim.start(t, { credentials });
  assert.deepEqual(await before.stop(), { status: 0, signal: null });
  for (const file of ['ca.pem', 'key.pem', 'credentials.json', 'apns.p8', 'fcm-service-account.json'])
    assert.equal(statSync(path.join(credentials, file)).mode & 0o077, 0, file);
  const after = await PushSim.start(t, { credentials });
  assert.equal(after.authority, before.authority);
  const secrets = (sim) => sim.apps.map((app) => [app.id, app.clientSecret, app.privateKey, app.password, app.serviceAccount?.private_key]);
  assert.deepEqual(secrets(after), secrets(before));
  assert.equal(readFileSync(path.join(credentials, 'apns.p8'), 'utf8'), after.app('apns').privateKey);
  const account = JSON.parse(readFileSync(path.join(credentials, 'fcm-service-account.json'), 'utf8'));
  assert.equal(account.token_uri, `${after.addresses.https}/token`);
});

test('its command line says what is wrong', async (t) => {
  const sim = await PushSim.start(t);
  const run = (...args) => spawnSync(simulator, args, { encoding: 'utf8', timeout: 60_000 });
  assert.match(run('--help').stdout, /--credentials/);
  assert.equal(run('--colour').status, 2);
  const taken = run('--listen', new URL(sim.addresses.http).host);
  assert.equal(taken.status, 1);
  assert.match(taken.stderr, /^heliograph-pushsim: cannot listen on 127\.0\.0\.1:\d+: /);
  assert.match(run('--listen', 'nowhere').stderr, /'nowhere' is not ADDR:PORT/);
  for (const [call, status] of [['/sim/nothing', 404], ['/elsewhere', 404], ['/sim/received?platform=gcm', 400]])
    assert.equal((await fetch(sim.addresses.http + call)).status, status);
  await assert.rejects(sim.fault({ fault: 'explode' }), /one of the faults/);
  await assert.rejects(sim.endpoint('webPush', { applicationServerKey: 'x' }), /65 bytes/);
});
