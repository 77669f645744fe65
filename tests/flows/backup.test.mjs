// Backup while it serves, restore elsewhere: what comes back is a prefix of what was posted, and no client that was ahead
// of it skips a change.
import test from 'node:test';
import assert from 'node:assert/strict';
import path from 'node:path';
import { existsSync, mkdirSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { spawnSync } from 'node:child_process';
import { demoServer, initDemo, run, runAsync, Server, temporaryFolder } from '../harness/server.mjs';
import { appToken, call, Live, notification, subscribe, userToken } from '../harness/actors.mjs';

const oneLine = (text) => assert.equal(text.trim().split('\n').length, 1, `one line, not:\n${text}`);
const kPassphrase = 'correct horse battery staple';
const kWriters = 16, kMost = 110; // posts a writer makes at most, so that no feed reaches its cap
const env = { ...process.env, HELIOGRAPH_PASSPHRASE: kPassphrase };

async function view(base, token, device, etag) {
  const answer = await call(base, 'GET', `/v2/feeds/me/views/${device.id}/activities`, { token, headers: etag ? { 'If-None-Match': etag } : {} });
  assert.equal(answer.status, 200, answer.raw);
  return { names: answer.json.activities.map((a) => a.appActivityId), etag: answer.headers.get('etag') };
}

async function deltaToken(base, token) {
  let next = '/beta/me/notifications/delta';
  for (;;) {
    const page = await call(base, 'GET', next, { token });
    assert.equal(page.status, 200, page.raw);
    const link = page.json['@odata.deltaLink'];
    if (link) return new URL(link).searchParams.get('$deltatoken');
    const url = new URL(page.json['@odata.nextLink']);
    next = url.pathname + url.search;
  }
}

async function startsAgain(base, token, device, old) {
  for (const stale of [old.early, old.late]) {
    const answer = await call(base, 'GET', `/beta/me/notifications/delta?$deltatoken=${encodeURIComponent(stale)}`, { token });
    assert.equal(answer.status, 410, answer.raw);
    assert.equal(answer.json.error.innerError?.code ?? answer.json.error.code, 'syncStateNotFound');
    assert.ok(answer.headers.get('location'));
  }
  const whole = await view(base, token, device);
  const again = await view(base, token, device, old.etag);
  assert.deepEqual(again.names, whole.names, 'the feed API answers the full view');
  const live = await Live.open(base, token, { etag: old.etag });
  const signal = await live.next((m) => m.changeType);
  assert.equal(signal.changeType, 'afsChangeNotification');
  assert.deepEqual(signal.activities, []);
  assert.equal(signal.newETag, whole.etag);
  await live.close();
  assert.equal(live.signals().length, 1, 'one signal, not one a change');
  return whole;
}

test('a backup under the load of 16 writers, restored elsewhere, is a prefix of history; who is ahead of it starts again', { timeout: 300_000 }, async (t) => {
  const { server, demo, data } = await demoServer(t);
  const folder = temporaryFolder(t);
  const file = path.join(folder, 'heliograph.backup');
  const app = await appToken(server.base, demo);
  const users = [];
  for (const user of demo.users) {
    const token = userToken(data, demo, user);
    users.push({ user, token, device: await subscribe(server.base, token) });
  }

  let going = true;
  const posted = Array.from({ length: kWriters }, () => 0); // answered 201, by writer
  const writer = async (w) => {
    const { device } = users[w % users.length];
    while (going && posted[w] < kMost) {
      const body = notification(demo, { appNotificationId: `${w}-${posted[w]}`, payload: { rawContent: `canary-${w}-`.padEnd(3_000, 'x') } });
      const answer = await call(server.base, 'POST', '/beta/me/notifications', { token: app, unsid: device.unsid, body });
      assert.equal(answer.status, 201, answer.raw);
      posted[w]++;
    }
  };
  const writers = Promise.all(Array.from({ length: kWriters }, (_, w) => writer(w)));
  while (posted.some((n) => n < 2)) await new Promise((resolve) => setTimeout(resolve, 5));
  const early = await deltaToken(server.base, users[0].token);

  const before = [...posted];
  const started = performance.now();
  const done = await runAsync(['backup', '--data', data, '--to', file, '--json'], { env });
  t.diagnostic(`measured backup under load: ${Math.round(performance.now() - started)} ms, ${posted.reduce((a, b) => a + b) - before.reduce((a, b) => a + b)} posts meanwhile`);
  going = false;
  await writers;
  assert.equal(done.status, 0, done.stderr);
  assert.ok(posted.some((n, w) => n > before[w]), 'the writers went on while it was made');
  const made = JSON.parse(done.stdout);
  assert.equal(made.bytes, statSync(file).size);
  assert.match(made.dateTime, /^\d{4}-.*Z$/);
  for (const name of ['heliograph.db', 'sealing.key', 'tls/cert.pem', 'tls/key.pem']) assert.ok(made.files.includes(name), name);
  assert.equal(statSync(file).mode & 0o777, 0o600);
  assert.deepEqual(readdirSync(folder), ['heliograph.backup'], 'nothing else is left');
  const sealed = readFileSync(file);
  for (const secret of ['canary-', 'alice@example.com', 'SQLite format', readFileSync(path.join(data, 'sealing.key'), 'utf8').trim()]) assert.equal(sealed.indexOf(secret), -1, `${secret} is readable in the backup`);

  // The tail that is lost, and who has seen it.
  const tail = await call(server.base, 'POST', '/beta/me/notifications', { token: app, unsid: users[0].device.unsid, body: notification(demo, { appNotificationId: 'lost' }) });
  assert.equal(tail.status, 201, tail.raw);
  const old = { early, late: await deltaToken(server.base, users[0].token), etag: (await view(server.base, users[0].token, users[0].device)).etag };
  await server.stop();

  const elsewhere = path.join(folder, 'restored');
  const restored = await runAsync(['restore', '--from', file, '--data', elsewhere, '--json'], { env });
  assert.equal(restored.status, 0, restored.stderr);
  assert.equal(JSON.parse(restored.stdout).backupDateTime, made.dateTime);
  for (const name of ['', 'heliograph.db', 'sealing.key', 'tls/key.pem']) assert.equal(statSync(path.join(elsewhere, name)).mode & 0o077, 0, name);
  const second = await Server.start(elsewhere);
  t.after(() => second.stop());
  for (const [i, { user, device }] of users.entries()) {
    const token = userToken(elsewhere, demo, user);
    const { names } = i === 0 ? await startsAgain(second.base, token, device, old) : await view(second.base, token, device);
    for (let w = i; w < kWriters; w += users.length) {
      const mine = names.filter((name) => name.startsWith(`${w}-`)).map((name) => Number(name.split('-')[1])).sort((a, b) => a - b);
      assert.deepEqual(mine, mine.map((_, n) => n), `writer ${w}: no gap`);
      assert.ok(mine.length >= before[w], `writer ${w}: all that was answered before the backup began`);
      assert.ok(mine.length <= posted[w] + 1, `writer ${w}: nothing that was not posted`);
    }
    assert.ok(!names.includes('lost'));
  }
  // The keys came along: old subscriptions are still who they were.
  const again = await call(second.base, 'POST', '/beta/me/notifications', { token: await appToken(second.base, demo), unsid: users[0].device.unsid, body: notification(demo) });
  assert.equal(again.status, 201, again.raw);
});

test('a backup of a stopped deployment; the passphrase from a file, the environment, standard input, never an argument', async (t) => {
  const folder = temporaryFolder(t);
  const data = path.join(folder, 'data'), secret = path.join(folder, 'passphrase');
  initDemo(data);
  writeFileSync(secret, `${kPassphrase}\n`, { mode: 0o600 });
  const bare = { ...process.env };
  delete bare.HELIOGRAPH_PASSPHRASE;
  const ways = [[['--passphrase-file', secret], { env: bare }], [[], { env }], [['--passphrase-file', '-'], { env: bare, input: kPassphrase }]];
  for (const [i, [args, options]] of ways.entries()) {
    const file = path.join(folder, `backup${i}`);
    const done = await runAsync(['backup', '--data', data, '--to', file, ...args], options);
    assert.equal(done.status, 0, done.stderr);
    const restored = await runAsync(['restore', '--from', file, '--data', path.join(folder, `restored${i}`), ...args], options);
    assert.equal(restored.status, 0, restored.stderr);
  }
  // An earlier backup is replaced, anything else is not.
  assert.equal((await runAsync(['backup', '--data', data, '--to', path.join(folder, 'backup0')], { env })).status, 0);
  for (const [args, options, what] of [
    [['backup', '--data', data, '--to', secret], { env }, /is no backup; name another file/],
    [['backup', '--data', data, '--to', path.join(folder, 'b')], { env: bare }, /passphrase is missing/],
    [['backup', '--data', data, '--to', path.join(folder, 'b')], { env: { ...env, HELIOGRAPH_PASSPHRASE: '' } }, /passphrase is empty/],
    [['backup', '--data', path.join(folder, 'none'), '--to', path.join(folder, 'b')], { env }, /none holds no deployment/],
    [['backup', '--data', data, '--to', path.join(folder, 'no/such/folder')], { env }, /cannot be written/],
  ]) {
    const refused = await runAsync(args, options);
    assert.equal(refused.status, 1, `${args}: ${refused.stdout}`);
    oneLine(refused.stderr);
    assert.match(refused.stderr, what);
  }
  assert.equal(readFileSync(secret, 'utf8'), `${kPassphrase}\n`);
  assert.ok(!existsSync(path.join(folder, 'b')));
});

test('a wrong passphrase, a damaged or cut file, a directory in use: one line each, and nothing is left', async (t) => {
  const { data } = await demoServer(t);
  const folder = temporaryFolder(t);
  const file = path.join(folder, 'backup'), bad = path.join(folder, 'bad'), target = path.join(folder, 'target');
  assert.equal((await runAsync(['backup', '--data', data, '--to', file], { env })).status, 0);
  const good = readFileSync(file);
  const damaged = Buffer.from(good);
  damaged[good.length >> 1] ^= 1;
  writeFileSync(bad, damaged);
  writeFileSync(path.join(folder, 'cut'), good.subarray(0, good.length - 1000));
  writeFileSync(path.join(folder, 'text'), 'no backup at all, though long enough to be one; '.repeat(5));
  mkdirSync(path.join(folder, 'full'));
  writeFileSync(path.join(folder, 'full', 'precious'), 'x');
  for (const [args, options, what] of [
    [['--from', file, '--data', target], { env: { ...env, HELIOGRAPH_PASSPHRASE: 'wrong' } }, /passphrase does not open/],
    [['--from', bad, '--data', target], { env }, /damaged or cut/],
    [['--from', path.join(folder, 'cut'), '--data', target], { env }, /damaged or cut/],
    [['--from', path.join(folder, 'text'), '--data', target], { env }, /is no heliograph backup/],
    [['--from', path.join(folder, 'nothing'), '--data', target], { env }, /cannot be read/],
    [['--from', file, '--data', data], { env }, /in use by process \d+|is not empty/],
    [['--from', file, '--data', path.join(folder, 'full')], { env }, /is not empty \(precious/],
    [['--new-epoch', '--data', data], { env }, /in use by process \d+/],
    [['--new-epoch', '--data', target], { env }, /holds no deployment/],
  ]) {
    const refused = await runAsync(['restore', ...args], options);
    assert.equal(refused.status, 1, `${args}: ${refused.stdout}`);
    oneLine(refused.stderr);
    assert.match(refused.stderr, what);
    assert.ok(!existsSync(target), `${args} left ${target}`);
  }
  assert.deepEqual(readdirSync(path.join(folder, 'full')), ['precious']);
  mkdirSync(target);
  assert.equal((await runAsync(['restore', '--from', file, '--data', target], { env })).status, 0, 'an empty directory will do');
  for (const args of [['restore', '--data', target], ['restore', '--data', target, '--from', file, '--new-epoch'], ['backup', '--data', data]]) assert.equal(run(args, { env }).status, 2, args.join(' '));
});

test('restore --new-epoch: a database that was put back by other means sends everybody to the start', async (t) => {
  const { server, demo, data } = await demoServer(t);
  const token = userToken(data, demo, demo.users[0]);
  const device = await subscribe(server.base, token);
  const post = await call(server.base, 'POST', '/beta/me/notifications', { token: await appToken(server.base, demo), unsid: device.unsid, body: notification(demo) });
  assert.equal(post.status, 201, post.raw);
  const late = await deltaToken(server.base, token);
  const old = { early: late, late, etag: (await view(server.base, token, device)).etag };
  await server.stop();
  const done = await runAsync(['restore', '--new-epoch', '--data', data, '--json'], { env });
  assert.equal(done.status, 0, done.stderr);
  assert.ok(JSON.parse(done.stdout).epoch > 0);
  const again = await Server.start(data, { listen: new URL(server.base).host });
  t.after(() => again.stop());
  const { names } = await startsAgain(again.base, token, device, old);
  assert.equal(names.length, 1);
});

test('a full disk leaves nothing half', async (t) => {
  const folder = temporaryFolder();
  const disk = path.join(folder, 'disk');
  mkdirSync(disk);
  const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=256k', 'tmpfs', disk]).status === 0;
  t.after(() => { spawnSync('umount', [disk]); rmSync(folder, { recursive: true, force: true }); });
  if (!mounted) return t.skip('a small file system cannot be mounted here');
  const data = path.join(folder, 'data');
  initDemo(data);
  writeFileSync(path.join(disk, 'ballast'), Buffer.alloc(128 * 1024));
  const refused = await runAsync(['backup', '--data', data, '--to', path.join(disk, 'backup')], { env });
  assert.equal(refused.status, 1, refused.stdout);
  oneLine(refused.stderr);
  assert.match(refused.stderr, /full|No space/);
  assert.deepEqual(readdirSync(disk), ['ballast']);
  const file = path.join(folder, 'backup');
  assert.equal((await runAsync(['backup', '--data', data, '--to', file], { env })).status, 0);
  const half = await runAsync(['restore', '--from', file, '--data', path.join(disk, 'restored')], { env });
  assert.equal(half.status, 1, half.stdout);
  oneLine(half.stderr);
  assert.deepEqual(readdirSync(disk), ['ballast']);
});
