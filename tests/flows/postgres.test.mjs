// PostgreSQL as the store: what an operator does, several nodes on one database, and a database that goes and comes back.
import test from 'node:test';
import assert from 'node:assert/strict';
import { cpSync, existsSync, mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { run, runAsync, Server, temporaryFolder, until } from '../harness/server.mjs';
import { Postgres, withCertificate } from '../harness/postgres.mjs';
import { freePort } from '../harness/proxies.mjs';
import { appToken, call, notification, subscribe, userToken } from '../harness/actors.mjs';

const oneLine = (text) => assert.equal(text.trim().split('\n').length, 1, `one line, not:\n${text}`);
let places = 0;

// A deployment on a database of its own: `env` names it for every command.
function deployment(t, postgres) {
  const name = `place${++places}`;
  const at = { data: path.join(temporaryFolder(t), 'data'), name, url: postgres.create(name) };
  at.env = { HELIOGRAPH_STORE: at.url };
  at.run = (...args) => run(args, { env: { ...process.env, ...at.env } });
  at.init = () => { const made = at.run('init', '--data', at.data, '--demo', '--json'); assert.equal(made.status, 0, made.stderr); return (at.demo = JSON.parse(made.stdout)); };
  at.serve = async (options = {}) => { const server = await Server.start(options.data ?? at.data, { ...options, env: { ...at.env, ...options.env } }); t.after(() => server.stop()); return server; };
  at.token = (user, more) => { process.env.HELIOGRAPH_STORE = at.url; try { return userToken(at.data, at.demo, user, more); } finally { delete process.env.HELIOGRAPH_STORE; } };
  return at;
}

async function postgresFor(t, options) {
  const postgres = await Postgres.start(options);
  t.after(() => postgres.stop());
  return postgres;
}

test('an operator makes it, looks at it, backs its keys up and gives it a new epoch', async (t) => {
  const postgres = await postgresFor(t);
  const at = deployment(t, postgres);

  // Nothing is made where the database cannot be reached, or holds another deployment.
  const nowhere = run(['init', '--data', at.data, '--store', 'postgresql://heliograph:s3cret@127.0.0.1:1/x']);
  assert.equal(nowhere.status, 1);
  oneLine(nowhere.stderr);
  assert.match(nowhere.stderr, /127\.0\.0\.1/);
  assert.doesNotMatch(nowhere.stderr, /s3cret/);
  assert.ok(!existsSync(at.data));
  const early = at.run('serve', '--data', at.data);
  assert.equal(early.status, 1);
  oneLine(early.stderr);
  at.init();
  assert.ok(!existsSync(path.join(at.data, 'heliograph.db')));
  const twice = at.run('init', '--data', `${at.data}2`);
  assert.equal(twice.status, 1);
  assert.match(twice.stderr, /holds a deployment already/);
  assert.doesNotMatch(at.run('serve', '--data', at.data, '--check-config').stdout, /postgres@|host=/);

  const health = () => JSON.parse(at.run('doctor', '--data', at.data, '--offline', '--json').stdout).checks;
  const store = () => health().find((one) => one.check === 'store');
  assert.equal(store().state, 'FAIL', 'fsync is off on a server for tests, and that is to be seen');
  assert.match(store().evidence, /fsync is off/);
  assert.match(store().evidence, /PostgreSQL 1\d\.\d+\), schema \d+ \(this program knows \d+\)/);
  assert.equal(health().find((one) => one.check === 'sealing key').state, 'ok');

  const server = await at.serve();
  const file = path.join(path.dirname(at.data), 'heliograph.backup');
  const env = { ...process.env, ...at.env, HELIOGRAPH_PASSPHRASE: 'correct horse battery staple' };
  const backup = run(['backup', '--data', at.data, '--to', file], { env });
  assert.equal(backup.status, 0, backup.stderr);
  assert.match(backup.stdout, /pg_dump/);
  await server.stop();
  const again = `${at.data}-restored`;
  const restored = run(['restore', '--from', file, '--data', again], { env });
  assert.equal(restored.status, 0, restored.stderr);
  assert.match(restored.stdout, /--new-epoch/);
  const epoch = () => postgres.query("SELECT value FROM settings WHERE name = 'epoch'", at.name);
  const before = epoch();
  const renewed = run(['restore', '--new-epoch', '--data', again], { env });
  assert.equal(renewed.status, 0, renewed.stderr);
  assert.notEqual(epoch(), before);
  await (await at.serve({ data: again })).stop();
});

test('nodes share one database: what is posted at one is read at the other', async (t) => {
  const postgres = await postgresFor(t);
  const at = deployment(t, postgres);
  at.init();
  const env = { HELIOGRAPH_PUBLIC_URL: 'https://notify.example' };
  const one = await at.serve({ env });
  // The second has the sealing key, and nothing else.
  const folder = `${at.data}-second`;
  mkdirSync(folder, { mode: 0o700 });
  cpSync(path.join(at.data, 'sealing.key'), path.join(folder, 'sealing.key'));
  const other = await at.serve({ data: folder, env });

  const app = await appToken(one.base, at.demo);
  const alice = at.token(at.demo.users[0]);
  const device = await subscribe(one.base, alice, { deviceId: 'phone' });
  const posts = await Promise.all(Array.from({ length: 40 }, (_, i) =>
    call((i % 2 ? one : other).base, 'POST', '/beta/me/notifications', { token: app, unsid: device.unsid, body: notification(at.demo) })));
  for (const post of posts) assert.equal(post.status, 201, post.raw);
  const versions = postgres.query('SELECT version FROM notifications ORDER BY version', at.name).split('\n').map(Number);
  assert.deepEqual(versions, Array.from({ length: 40 }, (_, i) => i + 1), 'each has a version of its own, without gaps');
  const read = await call(other.base, 'GET', `/beta/me/notifications/${posts[1].json.id}`, { token: alice });
  assert.equal(read.status, 200, read.raw);

  writeFileSync(path.join(folder, 'sealing.key'), Buffer.alloc(32, 7).toString('base64url'));
  await other.stop();
  const wrong = await runAsync(['serve', '--data', folder, '--listen', '127.0.0.1:0'], { env: { ...process.env, ...at.env, ...env } });
  assert.equal(wrong.status, 1);
  assert.match(wrong.stderr, /sealing key does not open/);
});

test('while the database is away it answers 503 and says when to come again; back it serves by itself and has all it answered', async (t) => {
  const postgres = await postgresFor(t);
  const at = deployment(t, postgres);
  at.init();
  const server = await at.serve();
  const app = await appToken(server.base, at.demo);
  const alice = at.token(at.demo.users[0]);
  const device = await subscribe(server.base, alice, { deviceId: 'phone' });
  const post = () => call(server.base, 'POST', '/beta/me/notifications', { token: app, unsid: device.unsid, body: notification(at.demo) });
  const kept = [];
  const keep = (answer) => { if (answer.status === 201) kept.push(answer.json.id); return answer; };

  for (let i = 0; i < 5; ++i) assert.equal(keep(await post()).status, 201);
  // Connections that were cut while nobody used them are made anew, and nobody notices.
  postgres.query("SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity WHERE application_name LIKE 'heliograph%'");
  assert.equal(keep(await post()).status, 201);

  // It is killed while posts are under way.
  let stop = false;
  const others = new Set();
  const poster = (async () => {
    while (!stop) {
      const answer = keep(await post());
      if (answer.status === 503) assert.ok(Number(answer.headers.get('retry-after')) > 0);
      if (![201, 503].includes(answer.status)) others.add(`${answer.status} ${answer.raw}`);
    }
  })();
  await until(() => kept.length > 10, { what: 'posts' });
  await postgres.tell('kill');
  const away = await until(async () => { const answer = await post(); return answer.status === 503 && answer; }, { what: 'a 503' });
  assert.ok(Number(away.headers.get('retry-after')) > 0);
  const ready = await call(server.base, 'GET', '/readyz', {});
  assert.equal(ready.status, 503, ready.raw);
  assert.equal((await call(server.base, 'GET', '/healthz', {})).status, 200);
  const restarted = Date.now();
  await postgres.tell('start');
  await until(async () => (await call(server.base, 'GET', '/readyz', {})).status === 200, { what: 'readyz' });
  await until(async () => keep(await post()).status === 201, { what: 'a 201' });
  t.diagnostic(`measured: served again ${Date.now() - restarted} ms after the database was started`);
  stop = true;
  await poster;
  assert.deepEqual([...others], []);
  for (const id of kept) assert.equal((await call(server.base, 'GET', `/beta/me/notifications/${id}`, { token: alice })).status, 200);
});

test('time is the database\'s, whatever a node\'s own clock says', async (t) => {
  const postgres = await postgresFor(t);
  const at = deployment(t, postgres);
  at.url += '&options=-csearch_path%3Dpublic,pg_catalog';
  at.env.HELIOGRAPH_STORE = at.url;
  const day = 86_400_000;
  postgres.query("CREATE FUNCTION public.clock_timestamp() RETURNS timestamptz LANGUAGE plpgsql AS 'BEGIN RETURN pg_catalog.clock_timestamp() + interval ''1 day''; END'", at.name);
  at.init();
  const server = await at.serve();
  const app = await appToken(server.base, at.demo);
  const device = await subscribe(server.base, at.token(at.demo.users[0]), { deviceId: 'phone' });
  const posted = await call(server.base, 'POST', '/beta/me/notifications', { token: app, unsid: device.unsid, body: notification(at.demo) });
  assert.equal(posted.status, 201, posted.raw);
  const [created] = postgres.query('SELECT created_at FROM notifications', at.name).split('\n').map(Number);
  assert.ok(Math.abs(created - Date.now() - day) < day / 2, `${new Date(created).toISOString()} is a day ahead`);
});

test('over TLS to the host that can be written, and to nobody who is not it', async (t) => {
  const folder = temporaryFolder(t);
  const authorities = ['ours', 'others'].map((name) => {
    const data = path.join(folder, name);
    assert.equal(run(['init', '--data', data, '--demo']).status, 0);
    return path.join(data, 'tls');
  });
  const [ours, others] = authorities;
  const port = await freePort();
  const postgres = await postgresFor(t, { port, args: ['-c', 'fsync=off', ...withCertificate(t, { cert: path.join(ours, 'cert.pem'), key: path.join(ours, 'key.pem') })] });
  const at = deployment(t, postgres);
  const url = (name, authority) => `postgresql://postgres@${name},${name}/${at.name}?hostaddr=127.0.0.1,127.0.0.1&port=1,${port}&target_session_attrs=read-write&sslmode=verify-full&sslrootcert=${path.join(authority, 'ca.pem')}`;
  const refused = (name, authority, why) => {
    const done = run(['init', '--data', at.data, '--store', url(name, authority)]);
    assert.equal(done.status, 1);
    oneLine(done.stderr);
    assert.match(done.stderr, why);
    assert.ok(!existsSync(at.data));
  };
  refused('localhost', others, /certificate verify failed/);
  refused('db.example', ours, /does not match host name "db\.example"/);
  at.url = at.env.HELIOGRAPH_STORE = url('localhost', ours);
  at.init();
  const server = await at.serve();
  assert.equal((await call(server.base, 'GET', '/readyz', {})).status, 200);
  assert.equal(postgres.query("SELECT DISTINCT s.ssl FROM pg_stat_ssl s JOIN pg_stat_activity a USING (pid) WHERE a.application_name LIKE 'heliograph%'", at.name), 't');
});
