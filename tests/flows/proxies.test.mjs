// nginx and HAProxy in front, as packaging/ has them: streams come through as they are made, and what is meant to be read as one
// request by the proxy and as two by the server never is.
import test from 'node:test';
import assert from 'node:assert/strict';
import http2 from 'node:http2';
import path from 'node:path';
import tls from 'node:tls';
import { readFileSync, rmSync } from 'node:fs';
import { authority, initDemo, Server, temporaryFolder, until } from '../harness/server.mjs';
import { appToken, call, concerns, Live, notification, subscribe, userToken } from '../harness/actors.mjs';
import { freePort, startProxy } from '../harness/proxies.mjs';

// The same shapes that the server alone is held against.
function smuggled() {
  const text = readFileSync(path.resolve(import.meta.dirname, '../../src/net/smuggling_for_tests.h'), 'utf8');
  const literals = (source) => [...source.matchAll(/"((?:[^"\\]|\\.)*)"/g)].map(([, s]) => s.replace(/\\(.)/g, (_, c) => ({ r: '\r', n: '\n', 0: '\0', '"': '"' })[c] ?? c)).join('');
  const after = literals(text.match(/#define HG_AFTER (.*)/)[1]);
  return text.split(/^ {4}\{(?=")/m).slice(1).map((entry) => {
    const [, name, rest] = entry.match(/^"(\w+)",([\s\S]*)/);
    const bytes = rest.split(/,\s+sizeof|\},/)[0];
    return { name, bytes: literals(bytes.replace('std::string_view(', '')) + after };
  });
}

async function behind(t, kind) {
  const folder = temporaryFolder(), data = path.join(folder, 'data');
  const demo = initDemo(data);
  tls.setDefaultCACertificates([...tls.getCACertificates('bundled'), readFileSync(authority(data), 'utf8')]);
  const port = await freePort();
  const server = await Server.start(data, { args: ['--behind-tls-proxy', '--public-url', `https://localhost:${port}`, '--admin-listen', '127.0.0.1:0'], env: { HELIOGRAPH_TRUSTED_PROXIES: '127.0.0.1' } });
  t.after(async () => { await server.stop(); rmSync(folder, { recursive: true, force: true }); });
  const proxy = await startProxy(t, kind, port, [new URL(server.base).host], { cert: path.join(data, 'tls/cert.pem'), key: path.join(data, 'tls/key.pem') });
  await until(async () => (await fetch(`${proxy.url}/readyz`).catch(() => null))?.ok, { what: 'the node behind it' });
  return { server, demo, data, proxy };
}

// Of whatever came to the server, but for what this test and HAProxy ask for themselves.
async function received(server) {
  const page = await (await fetch(`${server.operators}/metrics`)).text();
  const rows = [...page.matchAll(/^heliograph_http_requests_total\{([^}]*)\} (\d+)/gm)];
  return rows.filter(([, labels]) => !/route="\/(metrics|readyz)"/.test(labels)).reduce((sum, [, , count]) => sum + Number(count), 0);
}

// All that comes back for these bytes, until either side has nothing more to say.
function exchange(port, bytes) {
  return new Promise((resolve) => {
    let heard = '';
    const socket = tls.connect({ host: '127.0.0.1', port, servername: 'localhost', rejectUnauthorized: false, ALPNProtocols: ['http/1.1'] }, () => socket.end(Buffer.from(bytes, 'latin1')));
    socket.setTimeout(20_000, () => socket.destroy());
    socket.on('data', (d) => (heard += d.toString('latin1'))).on('error', () => {}).on('close', () => resolve(heard));
  });
}

// Server-Sent Events over HTTP/2.
function events(url, target, token) {
  const session = http2.connect(url);
  const stream = session.request({ ':path': target, authorization: `Bearer ${token}`, accept: 'text/event-stream' });
  const got = { text: '', end: () => session.destroy() };
  stream.setEncoding('utf8').on('data', (d) => (got.text += d)).on('error', () => {});
  got.status = new Promise((resolve, reject) => { stream.on('response', (headers) => resolve(headers[':status'])); session.on('error', reject); });
  return got;
}

for (const kind of ['nginx', 'haproxy']) {
  test(`${kind}: streams, and a change on one is on the other before the next`, { timeout: 300_000 }, async (t) => {
    const { demo, data, proxy } = await behind(t, kind);
    const base = proxy.url;
    const app = await appToken(base, demo), token = userToken(data, demo, demo.users[0]);
    const device = await subscribe(base, token);
    const live = await Live.open(base, token, { subscription: device.id });
    const stream = events(base, '/beta/me/notifications/stream', token);
    t.after(() => { stream.end(); return live.close(); });
    assert.equal(await stream.status, 200);
    const times = [];
    for (let i = 0; i < 20; ++i) {
      const begun = performance.now();
      const posted = await call(base, 'POST', '/beta/me/notifications', { token: app, unsid: device.unsid, body: notification(demo) });
      assert.equal(posted.status, 201, posted.raw);
      await live.next(concerns(posted.json.id));
      await until(() => stream.text.includes(posted.json.id), { what: 'the event' });
      times.push(performance.now() - begun);
    }
    t.diagnostic(`measured ${kind}: a post is on a WebSocket and an event stream over HTTP/2 after ${times.sort((a, b) => a - b)[10].toFixed(1)} ms (median of 20)`);
    const link = (await call(base, 'GET', '/beta/me/notifications?$top=1', { token })).json['@odata.nextLink'];
    assert.ok(link.startsWith(`${base}/`), link);
    assert.equal((await call(base, 'GET', '/admin/v1/users', { token })).status, 404, 'the admin API is not for the public');
    assert.equal((await call(base, 'GET', '/metrics')).status, 404);
  });

  test(`${kind}: says whose calls it passes on, and not what they say of themselves`, { timeout: 300_000 }, async (t) => {
    const { server, proxy } = await behind(t, kind);
    const socket = tls.connect({ host: '127.0.0.1', port: proxy.port, localAddress: '127.0.0.2', servername: 'localhost', ALPNProtocols: ['http/1.1'] });
    t.after(() => socket.destroy());
    socket.on('error', () => {}).end(`GET /openapi.json HTTP/1.1\r\nHost: localhost:${proxy.port}\r\nX-Forwarded-For: 203.0.113.9\r\nConnection: close\r\n\r\n`);
    socket.resume();
    await until(() => /"route":"\/openapi.json".*"remote":"127\.0\.0\.2"/.test(server.log), { what: 'the line in the log' });
    assert.doesNotMatch(server.log, /203\.0\.113\.9/);
  });

  test(`${kind}: nothing is smuggled past it`, { timeout: 300_000 }, async (t) => {
    const { server, proxy } = await behind(t, kind);
    const shapes = smuggled();
    assert.equal(shapes.length, 25);
    const before = { here: await received(server), there: proxy.passed() };
    for (const { name, bytes } of shapes) {
      assert.match(bytes, /GET \/executed/);
      const heard = await exchange(proxy.port, bytes.replaceAll('Host: h\r', `Host: localhost:${proxy.port}\r`));
      // Whoever comes next by the connections that the proxy keeps gets their own answer.
      for (let i = 0; i < 4; ++i) assert.deepEqual((await call(proxy.url, 'GET', '/healthz')).json, { status: 'ok' }, `after ${name}, to which it said ${heard}`);
    }
    const counts = async () => [(await received(server)) - before.here, proxy.passed() - before.there];
    await until(async () => { const [here, there] = await counts(); return here === there; }, { what: 'that the server saw as many requests as the proxy passed on', seconds: 20 }).catch(async (error) => assert.fail(`${error.message}: ${await counts()}`));
    const [here] = await counts();
    assert.ok(here >= 100, `${here} requests`);
  });
}
