// No secret ever reaches a log, a metric or an error line: strings that nobody could confuse with anything are sent in every
// field of every route, and looked for in all that the server says about itself. The log is at its most talkative.
import test from 'node:test';
import assert from 'node:assert/strict';
import net from 'node:net';
import path from 'node:path';
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { randomUUID } from 'node:crypto';
import { demoServer, until } from '../harness/server.mjs';
import { appToken, call, Live, notification, subscribe, userToken } from '../harness/actors.mjs';

const mark = 'cAnArY';
const canary = () => `${mark}${randomUUID().replaceAll('-', '')}`;

// Every row of the route table, with its first path.
const table = readFileSync(path.join(import.meta.dirname, '../../src/api/routes.cpp'), 'utf8');
const routes = [...table.matchAll(/^\s*\{"([A-Z]+)",\s*"([^"]+)",\s*\w+,\s*(kGraph|kFeed|kAdmin|kWhole)/gm)].map(([, method, pattern, shape]) => ({
  method, path: { kGraph: '/beta', kFeed: '/v1', kAdmin: '/admin/v1', kWhole: '' }[shape] + pattern,
}));

const headers = () => Object.fromEntries(['Cookie', 'X-UNS-ID', 'Idempotency-Key', 'client-request-id', 'traceparent', 'tracestate', 'User-Agent', 'Referer', 'If-Match',
  'If-None-Match', 'Prefer', 'Last-Event-ID', 'Retry-Attempt', 'X-AFS-ClientInfo', 'Sdkversion', 'X-Forwarded-For', 'X-Forwarded-Host', 'Accept-Language', 'X-Anything'].map((name) => [name, canary()]));
const query = () => new URLSearchParams(Object.fromEntries(['$filter', '$skiptoken', '$deltatoken', 'ticket', 'subscription', 'etag', 'targetHostName', 'code', 'state',
  'client_id', 'redirect_uri', 'login_hint', canary()].map((name) => [name, canary()])));
const json = () => ({
  userPrincipalName: canary(), password: canary(), displayName: canary(), name: canary(), hostName: canary(), user: canary(), appNotificationId: canary(), targetHostName: canary(),
  payload: { rawContent: canary(), visualContent: { title: canary(), body: canary() } }, expirationDateTime: canary(), deviceId: canary(), uri: canary(), domain: canary(),
  crossPlatformChannelData: { platformType: 'wns', channelUri: `https://${canary()}.example/${canary()}`, token: canary() }, readState: canary(), [canary()]: canary(),
});
const form = () => new URLSearchParams(Object.fromEntries(['grant_type', 'client_id', 'client_secret', 'code', 'refresh_token', 'code_verifier', 'username', 'password', 'csrf',
  'login', 'scope', 'assertion', canary()].map((name) => [name, canary()])));

// Bytes as they are; what comes back, until the server or the test has had enough.
function bytes(port, text) {
  return new Promise((resolve) => {
    let answer = '';
    const socket = net.connect(port, '127.0.0.1', () => socket.end(text));
    socket.setEncoding('latin1').on('data', (chunk) => (answer += chunk)).on('close', () => resolve(answer)).on('error', () => resolve(answer));
  });
}

test('no secret and nothing a client made up is in a log line or a metric', async (t) => {
  assert.ok(routes.length > 60, 'the route table can be read');
  const { server, demo, data } = await demoServer(t, { env: { HELIOGRAPH_LOG_LEVEL: 'debug' } });
  const app = await appToken(server.base, demo);
  const token = userToken(data, demo, demo.users[0]);
  const device = await subscribe(server.base, token);
  const secrets = [app, token, device.unsid, device.id, demo.appService.clientSecret, demo.administrator.password, ...demo.users.map((user) => user.password)];

  // Every route: with a token that is none, with a user's, with an application's; as JSON and as a form.
  let asked = 0;
  for (const route of routes) {
    for (const authorization of [canary(), `Bearer ${canary()}`, `Bearer ${token}`, `Bearer ${app}`]) {
      const where = route.path.replace(/\{\w+\}/g, () => canary());
      for (const body of route.method === 'GET' || route.method === 'DELETE' ? [undefined] : [JSON.stringify(json()), `{"a":"${canary()}`, form()]) {
        const type = typeof body === 'string' ? { 'Content-Type': 'application/json' } : {};
        const answer = await fetch(`${server.base}${where}?${query()}`, { method: route.method, headers: { ...headers(), ...type, Authorization: authorization }, body, redirect: 'manual' });
        await answer.arrayBuffer();
        ++asked;
      }
    }
  }
  // What is good but for its contents.
  const posted = await call(server.base, 'POST', '/beta/me/notifications', { token: app, unsid: device.unsid, body: notification(demo, { appNotificationId: canary(), payload: { visualContent: { title: canary(), body: canary() } } }) });
  assert.equal(posted.status, 201, posted.raw);
  secrets.push(posted.json.id);
  await call(server.base, 'GET', `/v1/feeds/me/subscriptions/${device.unsid}`, { token });
  await call(server.base, 'PATCH', `/beta/me/notifications/${posted.json.id}`, { token, body: { readState: 'read' } });
  await call(server.base, 'GET', `/${canary()}/${canary()}?${canary()}`);

  // Live: a ticket in the query, and messages.
  for (const message of [canary(), JSON.stringify({ type: canary() }), JSON.stringify({ type: 'token', accessToken: canary() }), JSON.stringify({ type: 'update', id: canary(), [canary()]: canary() }), JSON.stringify({ type: 'ack', etag: canary() })]) {
    const live = await Live.open(server.base, token, { subscription: device.id });
    live.socket.send(message);
    await Promise.race([live.next(() => true).catch(() => {}), live.closed]);
    await live.close();
  }

  // Bytes that are no request, and those that would write a line of their own into a log.
  const port = new URL(server.base).port;
  const forged = `\\r\\n{"level":"error","message":"${canary()}"}`;
  for (const text of [
    `${canary()}\r\n\r\n`, `GET /${canary()} HTTP/9.9\r\n\r\n`, `GET /a\x1b[31m${canary()} HTTP/1.1\r\nHost: x\r\n\r\n`, `GET / HTTP/1.1\r\n${canary()}\r\n\r\n`,
    `GET / HTTP/1.1\r\nHost: ${canary()}\r\n\r\n`, `${canary()} / HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nConnection: close\r\n\r\n`, `POST / HTTP/1.1\r\nHost: x\r\nContent-Length: ${canary()}\r\n\r\n`,
    `GET /%0d%0a${canary()}%1b[31m HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nConnection: close\r\n\r\n`,
    `GET /x HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nclient-request-id: ${forged}\r\ntraceparent: 00-${forged}\r\nConnection: close\r\n\r\n`,
    `GET /x HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nUser-Agent: \x1b[2J${canary()}\r\nConnection: close\r\n\r\n`,
    `GET /x HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nX-A: a\r\n ${canary()}\r\n\r\n`, `\x16\x03\x01${canary()}`,
  ]) await bytes(port, text);

  // A fault, with an error line: the statement that stores a notification breaks.
  const poisoned = spawnSync('sqlite3', [path.join(data, 'heliograph.db'), "CREATE TRIGGER poison BEFORE INSERT ON notifications WHEN NEW.title LIKE '%poison%' BEGIN SELECT RAISE(ABORT, 'poisoned'); END;"], { encoding: 'utf8' });
  assert.equal(poisoned.status, 0, poisoned.stderr);
  const fault = await call(server.base, 'POST', '/beta/me/notifications', { token: app, unsid: device.unsid, body: notification(demo, { payload: { visualContent: { title: `poison ${canary()}`, body: canary() } } }) });
  assert.equal(fault.status, 500);
  const line = await until(() => server.log.split('\n').slice(0, -1).map((text) => JSON.parse(text)).find((found) => found.level === 'error' && found.request === fault.headers.get('request-id')));
  assert.match(line.message, /poisoned/);

  const metrics = await (await fetch(`${server.base}/metrics`)).text();
  await server.stop();
  const lines = server.log.split('\n').filter(Boolean);
  assert.ok(lines.length > asked);
  for (const text of lines) assert.equal(typeof JSON.parse(text).message, 'string');
  for (const [name, said] of [['the log', server.log], ['the metrics', metrics]]) {
    const at = said.indexOf(mark);
    assert.equal(at, -1, `${name}: ${said.slice(Math.max(0, at - 300), at + 100)}`);
    for (const secret of secrets) assert.ok(!said.includes(secret), `${name} holds ${secret}`);
    // eslint-disable-next-line no-control-regex
    assert.doesNotMatch(said, /[\x00-\x09\x0b-\x1f\x7f]/, name);
  }
});
