// What those who run the server see: metrics, logs, traces, and on which listener.
import test from 'node:test';
import assert from 'node:assert/strict';
import http from 'node:http';
import path from 'node:path';
import { readdirSync, readFileSync, readlinkSync, writeFileSync } from 'node:fs';
import { randomUUID } from 'node:crypto';
import { demoServer, initDemo, run, temporaryFolder, until } from '../harness/server.mjs';
import { appToken, call, Live, notification, subscribe, userToken } from '../harness/actors.mjs';

const lines = (server) => server.log.split('\n').filter(Boolean);
const answered = (server) => lines(server).map((line) => JSON.parse(line)).filter((line) => line.message === 'answered');

// {name: {labels: value}} of a page in Prometheus' text format; every line must be of it.
function metrics(text) {
  const all = {};
  for (const line of text.split('\n').filter(Boolean)) {
    if (/^# (HELP|TYPE) [a-z_]+ /.test(line)) continue;
    const [, name, labels = '', value] = line.match(/^([a-z_]+)(?:\{((?:[a-z]+="(?:[^"\\\n]|\\.)*",?)*)\})? (\S+)$/) ?? assert.fail(`no metric: ${line}`);
    (all[name] ??= {})[labels] = Number(value);
  }
  return all;
}

async function scrape(base) {
  const answer = await fetch(`${base}/metrics`);
  assert.equal(answer.status, 200);
  assert.match(answer.headers.get('content-type'), /^text\/plain; version=0\.0\.4/);
  return metrics(await answer.text());
}

// A request that fetch would not send, or not there.
function raw(options, body) {
  return new Promise((resolve, reject) => {
    const request = http.request({ host: '127.0.0.1', ...options }, (answer) => {
      let text = '';
      answer.setEncoding('utf8').on('data', (chunk) => (text += chunk)).on('end', () => resolve({ status: answer.statusCode, text, headers: answer.headers }));
    });
    request.on('error', reject).end(body);
  });
}

test('metrics tell what was done, by route and never by path', async (t) => {
  const { server, demo, data } = await demoServer(t);
  const app = await appToken(server.base, demo);
  const token = userToken(data, demo, demo.users[0]);
  const device = await subscribe(server.base, token);
  const live = await Live.open(server.base, token, { subscription: device.id });
  const body = notification(demo);
  const headers = { 'Idempotency-Key': randomUUID() };
  for (const status of [201, 201]) assert.equal((await call(server.base, 'POST', '/beta/me/notifications', { token: app, unsid: device.unsid, body, headers })).status, status);
  await live.next((message) => message.changeType);
  assert.equal((await call(server.base, 'GET', `/v1.0/me/notifications/${randomUUID()}`, { token })).status, 404);
  assert.equal((await call(server.base, 'GET', `/${randomUUID()}`)).status, 404);

  const page = await scrape(server.base);
  assert.equal(page.heliograph_notifications_accepted_total[''], 1);
  assert.equal(page.heliograph_notifications_replayed_total[''], 1);
  const requests = page.heliograph_http_requests_total;
  assert.equal(requests['method="POST",route="/beta/me/notifications",status="2xx"'], 2);
  assert.equal(requests['method="GET",route="/beta/me/notifications/{id}",status="4xx"'], 1);
  assert.ok(requests['method="any",route="unmatched",status="4xx"'] >= 1);
  const seconds = page.heliograph_http_request_duration_seconds_bucket;
  const labels = 'method="POST",route="/beta/me/notifications"';
  assert.equal(seconds[`${labels},le="+Inf"`], 2);
  assert.equal(page.heliograph_http_request_duration_seconds_count[labels], 2);
  assert.equal(page.heliograph_live_connections['kind="websocket"'], 1);
  assert.equal(page.heliograph_live_connections['kind="events"'], 0);
  assert.ok(page.heliograph_connections[''] >= 2);
  assert.ok(page.heliograph_live_signals_total[''] >= 1);
  assert.ok(page.heliograph_store_commit_duration_seconds_count[''] >= 2);
  assert.ok(page.heliograph_writer_group_size_count[''] >= 1);
  assert.equal(page.heliograph_writer_queue_depth[''], 0);
  assert.ok(page.heliograph_store_memory_bytes[''] > 2 ** 16);
  assert.equal(page.heliograph_store_readable[''], 1);
  assert.ok(page.process_resident_memory_bytes[''] > 1e6);
  assert.ok(page.process_open_fds[''] > 3);
  assert.ok(Math.abs(page.process_start_time_seconds[''] - Date.now() / 1000) < 3600);
  assert.equal(Object.keys(page.heliograph_build_info).length, 1);
  await live.close();
  await until(async () => (await scrape(server.base)).heliograph_live_connections['kind="websocket"'] === 0);
});

// Ports on which the process listens, with the address, as the kernel says.
function listening(pid) {
  const inodes = new Set(readdirSync(`/proc/${pid}/fd`).flatMap((fd) => {
    try { return readlinkSync(`/proc/${pid}/fd/${fd}`).match(/^socket:\[(\d+)\]$/)?.[1] ?? []; } catch { return []; }
  }));
  const found = new Set();
  for (const table of ['tcp', 'tcp6']) {
    for (const line of readFileSync(`/proc/${pid}/net/${table}`, 'utf8').split('\n').slice(1)) {
      const cells = line.trim().split(/\s+/);
      if (cells[3] === '0A' && inodes.has(cells[9])) found.add(cells[1]);
    }
  }
  return [...found].map((text) => { const [address, port] = text.split(':'); return `${address}:${parseInt(port, 16)}`; }).sort();
}

const operatorsPaths = ['/metrics', '/metrics/', '/Metrics', '/admin/v1/users', '/ADMIN/v1/users', '/admin/v1/audit', '/admin/v1/tokens', '/admin/v1/status'];

test('with an admin listener nothing for operators is answered on the others', async (t) => {
  const { server, demo, data } = await demoServer(t, { tls: true, args: ['--admin-listen', '127.0.0.1:0'] });
  assert.ok(server.operators);
  const port = (url) => new URL(url).port;
  // Every port it listens on, and no other address than loopback.
  assert.deepEqual(listening(server.child.pid), [server.base, server.tls, server.operators].map((url) => `0100007F:${port(url)}`).sort());

  const nothing = await raw({ port: port(server.base), path: '/nothing' });
  const essence = ({ status, text }) => [status, text.replace(/"(request-id|client-request-id|date)":"[^"]*"/g, '')];
  const admin = run(['token', '--data', data, '--user', demo.administrator.userPrincipalName, '--client-id', demo.clientApp.clientId, '--scope', 'Heliograph.Admin', '--json']);
  assert.equal(admin.status, 0, admin.stderr);
  const token = JSON.parse(admin.stdout).access_token;
  for (const method of ['GET', 'POST', 'PUT', 'DELETE', 'OPTIONS', 'HEAD']) {
    for (const where of operatorsPaths) {
      for (const headers of [{}, { authorization: `Bearer ${token}` }, { origin: 'http://localhost:3000', 'access-control-request-method': 'GET' }, { host: `127.0.0.1:${port(server.operators)}` }]) {
        const answer = await raw({ port: port(server.base), path: where, method, headers });
        assert.equal(answer.status, 404, `${method} ${where}`);
        if (method !== 'HEAD') assert.deepEqual(essence(answer), essence(nothing), `${method} ${where}`);
      }
    }
  }
  const socketPath = path.join(data, 'heliograph.sock');
  assert.equal((await raw({ socketPath, path: '/metrics' })).status, 200);
  assert.equal((await raw({ socketPath, path: '/admin/v1/users' })).status, 200);
  assert.equal((await raw({ port: port(server.operators), path: '/metrics' })).status, 200);
  assert.equal((await raw({ port: port(server.operators), path: '/readyz' })).status, 200);
  assert.equal((await raw({ port: port(server.operators), path: '/admin/v1/users' })).status, 401);
  for (const where of ['/', '/beta/me/notifications', '/common/oauth2/v2.0/authorize', '/v1/feeds/me/subscriptions'])
    assert.equal((await raw({ port: port(server.operators), path: where })).status, 404, where);
});

test('a server that others can reach answers operators on its socket alone', async (t) => {
  const { server, data } = await demoServer(t, { args: ['--public-url', 'https://notify.example.com'] });
  for (const where of operatorsPaths) assert.equal((await fetch(server.base + where)).status, 404, where);
  assert.equal((await raw({ socketPath: path.join(data, 'heliograph.sock'), path: '/metrics' })).status, 200);
});

test('plain HTTP is not served off loopback', (t) => {
  const data = path.join(temporaryFolder(t), 'data');
  initDemo(data);
  for (const address of ['0.0.0.0:0', '[::]:0', '192.0.2.1:8080']) {
    const refused = run(['serve', '--data', data, '--listen', address]);
    assert.equal(refused.status, 1, address);
    assert.match(refused.stderr, /plain HTTP/);
    assert.match(refused.stderr, /--tls-listen/);
  }
  const demo = run(['serve', '--data', data, '--listen', '0.0.0.0:0', '--behind-tls-proxy']);
  assert.equal(demo.status, 1);
  assert.match(demo.stderr, /demo data/);
});

test('behind a proxy links are of the public address, whatever the request says', async (t) => {
  const { server } = await demoServer(t, { args: ['--behind-tls-proxy', '--public-url', 'https://notify.example.com'] });
  const answer = await fetch(server.base, { headers: { 'X-Forwarded-Proto': 'http', 'X-Forwarded-Host': 'evil.example', 'X-Forwarded-For': '192.0.2.7', Forwarded: 'host=evil.example' } });
  const { links } = await answer.json();
  for (const link of Object.values(links)) assert.ok(link.startsWith('https://notify.example.com/'), link);
  assert.equal(answer.headers.get('strict-transport-security'), 'max-age=63072000');
  const line = await until(() => answered(server).find((found) => found.route === '/'));
  assert.equal(line.remote, '127.0.0.1');
});

test('each request is one line of JSON, with its trace', async (t) => {
  const { server } = await demoServer(t);
  const trace = '4bf92f3577b34da6a3ce929d0e0e4736';
  const client = randomUUID();
  const answer = await fetch(`${server.base}/beta/me?secret=1`, { headers: { traceparent: `00-${trace}-00f067aa0ba902b7-01`, 'client-request-id': client } });
  const line = await until(() => answered(server).find((found) => found.trace === trace));
  assert.equal(line.request, answer.headers.get('request-id'));
  assert.equal(line.clientRequest, client);
  assert.deepEqual([line.level, line.area, line.method, line.route, line.status, line.remote], ['info', 'http', 'GET', '/beta/me', 401, '127.0.0.1']);
  assert.ok(line.ms >= 0 && line.bytes > 0);
  assert.ok(!Number.isNaN(Date.parse(line.time)));
  const other = await fetch(`${server.base}/beta/me`, { headers: { traceparent: `00-${'0'.repeat(32)}-00f067aa0ba902b7-01` } });
  const untraced = await until(() => answered(server).find((found) => found.request === other.headers.get('request-id')));
  assert.equal(untraced.trace, undefined);
});

test('the level changes by SIGHUP, and access lines can be left out', async (t) => {
  const folder = temporaryFolder(t);
  const config = path.join(folder, 'heliograph.toml');
  writeFileSync(config, '[log]\nlevel = "info"\n');
  const { server } = await demoServer(t, { args: ['--config', config] });
  const ask = async () => (await fetch(`${server.base}/healthz`)).headers.get('request-id');
  const level = async (name, said) => {
    writeFileSync(config, `[log]\nlevel = "${name}"\n`);
    server.child.kill('SIGHUP');
    await until(() => server.log.includes(said), { what: said });
  };
  const first = await ask();
  await level('nonsense', 'the configuration stays as it was');
  await level('warn', 'log level: warn');
  const hidden = await ask();
  await level('info', 'log level: info');
  const last = await ask();
  await until(() => answered(server).some((line) => line.request === last));
  assert.deepEqual([first, hidden].map((id) => answered(server).some((line) => line.request === id)), [true, false]);

  const quiet = await demoServer(t, { env: { HELIOGRAPH_LOG_ACCESS: 'false' } });
  for (let i = 0; i < 3; ++i) await fetch(`${quiet.server.base}/healthz`);
  await quiet.server.stop();
  assert.match(quiet.server.log, /"stopped"/);
  assert.doesNotMatch(quiet.server.log, /answered/);
});
