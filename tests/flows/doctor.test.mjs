// heliograph doctor: well where all is well, and each thing that can be broken has its line and a way to mend it.
import test from 'node:test';
import assert from 'node:assert/strict';
import path from 'node:path';
import { chmodSync, copyFileSync, mkdirSync, openSync, readFileSync, rmSync, utimesSync, writeFileSync, writeSync, closeSync } from 'node:fs';
import { createServer } from 'node:net';
import { spawn, spawnSync } from 'node:child_process';
import { demoServer, initDemo, program, run, temporaryFolder, until } from '../harness/server.mjs';

const listen = '127.0.0.1:0';
const env = { ...process.env, HELIOGRAPH_LISTEN: listen };

function doctor(data, args = [], options = {}) {
  const done = run(['doctor', ...(data ? ['--data', data] : []), '--json', ...args], { env, ...options });
  assert.equal(done.stderr, '');
  const json = JSON.parse(done.stdout);
  assert.equal(json.healthy, done.status === 0);
  assert.equal(json.healthy, json.checks.every((c) => c.state !== 'FAIL'));
  for (const { state, evidence, fix } of json.checks) {
    assert.ok(['ok', 'warn', 'FAIL'].includes(state));
    assert.notEqual(evidence, '');
    if (state === 'FAIL') assert.ok(fix === null || fix.length > 0);
  }
  return json;
}
const states = (json, check, state) => json.checks.filter((c) => c.check === check && c.state === state);
function finds(json, check, state, evidence) {
  const found = states(json, check, state);
  assert.ok(found.some((c) => evidence.test(c.evidence)), `${state} ${check} ${evidence} in ${JSON.stringify(json.checks, null, 1)}`);
  if (state !== 'ok') assert.ok(found.every((c) => c.fix), 'with a way to mend it');
}

function deployment(t) {
  const data = path.join(temporaryFolder(t), 'data');
  initDemo(data);
  return data;
}

test('a deployment that is well: stopped and running, exit 0, one line a check', async (t) => {
  const { data } = await demoServer(t);
  const running = doctor(data);
  assert.ok(running.healthy, JSON.stringify(running));
  finds(running, 'server', 'ok', /process \d+ answers and is ready/);
  const stopped = doctor(deployment(t));
  assert.ok(stopped.healthy, JSON.stringify(stopped));
  finds(stopped, 'server', 'ok', /none runs here/);
  for (const check of ['configuration', 'directory', 'server', 'store', 'sealing key', 'credentials', 'clock', 'certificate', 'listeners', 'public url', 'bus', 'descriptors', 'disk']) assert.equal(stopped.checks.filter((c) => c.check === check).length, 1, check);
  const text = run(['doctor', '--data', data], { env });
  assert.equal(text.status, 0);
  const lines = text.stdout.trim().split('\n');
  assert.equal(lines.length, running.checks.length);
  for (const line of lines) assert.match(line, /^(ok|warn|FAIL) /);
  assert.doesNotMatch(text.stdout, /\x1b/, 'no colours off a terminal');
});

test('no directory, an empty one, a file in its place', (t) => {
  const folder = temporaryFolder(t);
  finds(doctor(null), 'directory', 'FAIL', /no data directory is named/);
  finds(doctor(path.join(folder, 'none')), 'directory', 'FAIL', /is no directory/);
  finds(doctor(folder), 'directory', 'FAIL', /heliograph\.db is missing/);
  writeFileSync(path.join(folder, 'file'), '');
  finds(doctor(path.join(folder, 'file')), 'directory', 'FAIL', /is no directory/);
});

test('configuration: a file that is not there, a wrong key, a wrong variable', (t) => {
  const data = deployment(t);
  const bad = path.join(data, 'bad.toml');
  writeFileSync(bad, 'listenn = "127.0.0.1:1"\n');
  finds(doctor(data, ['--config', bad]), 'configuration', 'FAIL', /listenn.*nearest is "listen"/);
  finds(doctor(data, ['--config', path.join(data, 'none.toml')]), 'configuration', 'FAIL', /cannot be read/);
  finds(doctor(data, [], { env: { ...env, HELIOGRAPH_LISTENN: 'x' } }), 'configuration', 'FAIL', /HELIOGRAPH_LISTENN/);
});

test('files that are open to others', (t) => {
  const data = deployment(t);
  chmodSync(data, 0o755);
  chmodSync(path.join(data, 'heliograph.db'), 0o644);
  chmodSync(path.join(data, 'tls/key.pem'), 0o640);
  const seen = doctor(data);
  for (const what of [/data is open to others \(755\)/, /heliograph\.db is open/, /key\.pem is open/]) finds(seen, 'directory', 'FAIL', what);
  chmodSync(path.join(data, 'sealing.key'), 0o644);
  finds(doctor(data), 'sealing key', 'FAIL', /may be read by others/);
});

test('the sealing key of another deployment, garbage in its place, none', (t) => {
  const data = deployment(t), other = path.join(temporaryFolder(t), 'data');
  assert.equal(run(['init', '--data', other]).status, 0);
  const key = path.join(data, 'sealing.key');
  copyFileSync(path.join(other, 'sealing.key'), key);
  finds(doctor(data), 'sealing key', 'FAIL', /does not open what is in the store/);
  writeFileSync(key, 'garbage');
  finds(doctor(data), 'sealing key', 'FAIL', /not 32 bytes/);
  rmSync(key);
  finds(doctor(data), 'sealing key', 'FAIL', /cannot be read/);
});

test('a store that is no store, that has broken pages, that is of a newer program', (t) => {
  const sql = (data, text) => { const done = spawnSync('sqlite3', [path.join(data, 'heliograph.db'), text], { encoding: 'utf8' }); assert.equal(done.status, 0, done.stderr); };
  const garbage = deployment(t);
  writeFileSync(path.join(garbage, 'heliograph.db'), 'x'.repeat(20_000));
  rmSync(path.join(garbage, 'heliograph.db-wal'), { force: true });
  finds(doctor(garbage), 'store', 'FAIL', /not a database/);

  const broken = deployment(t);
  sql(broken, 'PRAGMA wal_checkpoint(TRUNCATE)');
  const file = openSync(path.join(broken, 'heliograph.db'), 'r+');
  const size = readFileSync(path.join(broken, 'heliograph.db')).length;
  for (let page = 8; page * 4096 < size; page += 2) writeSync(file, Buffer.alloc(4096, 0x7f), 0, 4096, page * 4096);
  closeSync(file);
  assert.equal(states(doctor(broken), 'store', 'FAIL').length, 1);

  const newer = deployment(t);
  sql(newer, "INSERT INTO schema_version (number, name, applied_at, oldest_program) VALUES (999, 'future', 0, 999)");
  finds(doctor(newer), 'store', 'FAIL', /newer program.*999/);

  const audit = deployment(t);
  sql(audit, "UPDATE audit SET actor = 'nobody' WHERE seq = 2");
  finds(doctor(audit), 'store', 'FAIL', /audit log/);
});

test('a clock that is behind what was written', (t) => {
  const data = deployment(t);
  const future = new Date(Date.now() + 3_600_000);
  utimesSync(path.join(data, 'heliograph.db'), future, future);
  finds(doctor(data), 'clock', 'FAIL', /but the store was written at/);
});

test('an APNs certificate that ends soon, or ended since it was set', (t) => {
  const data = deployment(t), pem = path.join(temporaryFolder(t), 'apns.pem');
  const done = spawnSync('openssl', ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '5', '-subj', '/CN=Apple Push Services: com.contoso.app', '-keyout', pem, '-out', `${pem}.cert`], { encoding: 'utf8' });
  assert.equal(done.status, 0, done.stderr);
  writeFileSync(pem, readFileSync(pem, 'utf8') + readFileSync(`${pem}.cert`, 'utf8'));
  const added = run(['credential', 'add-apns', '--data', data, '--certificate-file', pem]);
  assert.equal(added.status, 0, added.stderr);
  finds(doctor(data, ['--offline']), 'credentials', 'warn', /com\.contoso\.app .*; its certificate ends at 20/);
  // As it is a week later.
  const moved = spawnSync('sqlite3', [path.join(data, 'heliograph.db'), "UPDATE credentials SET facts = replace(facts, strftime('%Y-%m', 'now', '+5 days'), '2020-01')"], { encoding: 'utf8' });
  assert.equal(moved.status, 0, moved.stderr);
  finds(doctor(data, ['--offline']), 'credentials', 'FAIL', /its certificate ended at 2020-01/);
});

test('certificates: ended soon, of another key, for another name, none where HTTPS is wanted', (t) => {
  const data = deployment(t);
  const tls = path.join(data, 'tls');
  const make = (...more) => { const done = spawnSync('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost', '-keyout', path.join(tls, 'key.pem'), '-out', path.join(tls, 'cert.pem'), ...more], { encoding: 'utf8' }); assert.equal(done.status, 0, done.stderr); chmodSync(path.join(tls, 'key.pem'), 0o600); };
  finds(doctor(data), 'certificate', 'ok', /localhost, 127\.0\.0\.1/);
  make('-days', '5');
  finds(doctor(data), 'certificate', 'warn', /ends soon/);
  finds(doctor(data, [], { env: { ...env, HELIOGRAPH_PUBLIC_URL: 'https://push.example.com' } }), 'certificate', 'FAIL', /not for push\.example\.com/);
  copyFileSync(path.join(deployment(t), 'tls/key.pem'), path.join(tls, 'key.pem'));
  finds(doctor(data), 'certificate', 'FAIL', /is not the key of/);
  writeFileSync(path.join(tls, 'cert.pem'), 'garbage');
  finds(doctor(data), 'certificate', 'FAIL', /no readable PEM certificate/);
  rmSync(path.join(tls, 'cert.pem'));
  finds(doctor(data), 'certificate', 'ok', /no HTTPS is served/);
  finds(doctor(data, [], { env: { ...env, HELIOGRAPH_TLS_LISTEN: listen } }), 'certificate', 'FAIL', /no readable PEM certificate/);
});

test('listeners and addresses: a busy port, plain HTTP to the network, none, nonsense', async (t) => {
  const data = deployment(t);
  const set = (more) => doctor(data, [], { env: { ...env, ...more } });
  const busy = createServer();
  await new Promise((resolve) => busy.listen(0, '127.0.0.1', resolve));
  t.after(() => busy.close());
  finds(set({ HELIOGRAPH_LISTEN: `127.0.0.1:${busy.address().port}` }), 'listeners', 'FAIL', /cannot be listened on: Address already in use/);
  finds(set({ HELIOGRAPH_ADMIN_LISTEN: `127.0.0.1:${busy.address().port}` }), 'listeners', 'FAIL', /cannot be listened on: Address already in use/);
  finds(set({ HELIOGRAPH_LISTEN: '0.0.0.0:0' }), 'listeners', 'FAIL', /plain HTTP to the network/);
  finds(set({ HELIOGRAPH_LISTEN: '' }), 'listeners', 'FAIL', /nothing to listen on/);
  finds(set({ HELIOGRAPH_LISTEN: 'nonsense' }), 'listeners', 'FAIL', /ADDR:PORT/);
  finds(set({ HELIOGRAPH_PUBLIC_URL: 'http://push.example.com' }), 'public url', 'FAIL', /plain HTTP/);
  finds(set({ HELIOGRAPH_PUBLIC_URL: 'push' }), 'public url', 'FAIL', /no http\(s\) URL/);
  finds(set({ HELIOGRAPH_LISTEN: '0.0.0.0:0', HELIOGRAPH_BEHIND_TLS_PROXY: 'true' }), 'public url', 'warn', /others may reach it/);
});

test('too few file descriptors', (t) => {
  const data = deployment(t);
  for (const [most, state] of [[128, 'FAIL'], [1024, 'warn']]) {
    const done = spawnSync('sh', ['-c', `ulimit -n ${most}; exec "$0" doctor --data "$1" --json`, program, data], { encoding: 'utf8', env });
    finds(JSON.parse(done.stdout), 'descriptors', state, new RegExp(`may open ${most} files`));
  }
});

test('a process that holds the directory and does not answer', async (t) => {
  const data = deployment(t);
  const lock = path.join(data, 'heliograph.lock');
  const holder = spawn('flock', ['-x', lock, 'sleep', '600'], { detached: true });
  t.after(() => process.kill(-holder.pid));
  await until(() => spawnSync('flock', ['-n', '-x', lock, 'true']).status !== 0, { what: 'the lock' });
  finds(doctor(data), 'server', 'FAIL', /holds .* and does not answer/);
});

test('everything broken at once: every check still has its say', (t) => {
  const data = path.join(temporaryFolder(t), 'data');
  mkdirSync(path.join(data, 'heliograph.db'), { recursive: true });
  mkdirSync(path.join(data, 'heliograph.lock'));
  mkdirSync(path.join(data, 'sealing.key'));
  const seen = doctor(data, ['--config', '/proc/self/mem']);
  assert.ok(!seen.healthy);
  for (const check of ['configuration', 'store', 'sealing key', 'clock', 'listeners', 'disk']) assert.ok(seen.checks.some((c) => c.check === check), check);
});
