// The program at the command line: one clear line for each mistake, exit codes 0, 1 and 2, JSON where it was asked for.
import test from 'node:test';
import assert from 'node:assert/strict';
import { constants } from 'node:os';
import path from 'node:path';
import { chmodSync, chownSync, existsSync, readFileSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { spawn, spawnSync } from 'node:child_process';
import { demoServer, initDemo, program, run, runAsync, Server, temporaryFolder } from '../harness/server.mjs';
import { simulator } from '../harness/pushsim.mjs';
import { appToken, call, Live, notification, subscribe, userToken } from '../harness/actors.mjs';

const oneLine = (text) => assert.equal(text.trim().split('\n').length, 1, `one line, not:\n${text}`);

const kCommands = ['serve', 'init', 'token', 'subscribe', 'user', 'app', 'cross-device', 'subscription', 'notification', 'key', 'audit', 'send', 'tail', 'doctor', 'backup', 'restore'];
// The verbs a help names: indented names under its heading of commands.
const verbs = (help) => [...(help.split(/^(?:SUBCOMMANDS|Subcommands|Commands):\s*$/mi)[1] ?? '').matchAll(/^ {2}([a-z][a-z-]*)\b/gm)].map((m) => m[1]);

test('--help everywhere, and it names what there is; no secret is an argument; what prints data has --json', () => {
  const top = run(['--help']);
  assert.equal(top.status, 0);
  let seen = 0;
  for (const command of kCommands) {
    assert.match(top.stdout, new RegExp(`\\b${command}\\b`));
    const help = run([command, '--help']);
    assert.equal(help.status, 0, `${command}: ${help.stderr}`);
    assert.match(help.stdout, /--/);
    const below = verbs(help.stdout);
    const all = below.length ? below.map((verb) => [command, verb]) : [[command]];
    for (const one of all) {
      const text = run([...one, '--help']);
      assert.equal(text.status, 0, `${one.join(' ')}: ${text.stderr}`);
      assert.doesNotMatch(text.stdout, /--(?:password|secret|client-secret|token|passphrase)(?![-\w])/, one.join(' '));
      if (command !== 'serve') assert.match(text.stdout, /--json/, one.join(' '));
      seen++;
    }
  }
  assert.ok(seen > kCommands.length + 10, `${seen} commands with their verbs`);
  assert.doesNotMatch(top.stdout + run(['token', '--help']).stdout, /pushsim/);
});

test('an unknown flag, an unknown command and a missing argument are usage errors: one line, with what was perhaps meant', () => {
  for (const [args, what] of [
    [['serve', '--dat', '/tmp/x'], /unknown flag --dat, the nearest is --data; see heliograph serve --help/],
    [['sevre'], /unknown command sevre, the nearest is serve; see heliograph --help/],
    [['user', 'shwo'], /unknown command shwo, the nearest is show; see heliograph user --help/],
    [['user', 'show', 'a', 'b'], /"b" is one word too many/],
    [['user'], /name a command: add, list, .*; see heliograph user --help/],
    [['init'], /--data is required/],
    [['notification', 'list', '--data', 'x'], /--user is required/],
    [['send', '--data', 'x', '--title', 'x'], /--unsid or --user is required; see/],
    [['--data', 'x', 'serve'], /heliograph serve: --data stands behind the command: heliograph serve --data; see/],
    [['help'], /unknown command help, there is --help; see/],
    [['halt'], /unknown command halt; see/],
    [['user', 'list'], /name the deployment: --data DIR or --server URL/],
    [['user', 'list', '--data', 'x', '--token-file', 'y'], /--token-file excludes --data|--data excludes --token-file/],
    [['user', 'change', 'x', '--data', 'x'], /say what to change/],
    [['app', 'change', 'x', '--data', 'x'], /say what to change/],
    [['app', 'change', 'x', '--data', 'x', '--calls', 'many'], /--calls is "many"/],
    [['app', 'add', '--name', 'x', '--data', 'x', '--redirect-uri', 'y'], /--redirect-uri y: it is web=URI/],
    [['token', '--data', 'x', '--device-code', '--client-id', 'y'], /--device-code needs --server/],
    [['token', '--server', 'http://x'], /--client-id/],
    [['credential', 'add-apns', '--data', 'x'], /--key-file, --key-id and --team-id belong together/],
    [['credential', 'add-wns', '--data', 'x', '--client-secret-file', '-'], /--package-sid is required, or --tenant-id and --client-id/],
    ...['--ttl=0', '--ttl=-5', '--ttl=2592001'].map((ttl) => [['send', '--data', 'x', '--user', 'x', '--title', 'x', ttl], /--ttl: Value .* not in range 1 to 2592000/]),
    ...['x', '1:00', '0:' + '0'.repeat(64)].map((head) => [['audit', 'verify', '--data', 'x', '--head', head], /--head .*: it is SEQUENCE:HASH/]),
    [['subscription', 'list', '--data', 'x', '--server', 'http://x', '--user', 'y'], /--server excludes --data|--data/],
  ]) {
    const done = run(args);
    assert.equal(done.status, 2, `${args}: ${done.stdout}${done.stderr}`);
    oneLine(done.stderr);
    assert.match(done.stderr, what);
    assert.equal(done.stdout, '');
  }
  const bare = run([]);
  assert.equal(bare.status, 2);
  assert.match(bare.stderr, /serve/);
});

test('a program whose output nobody reads ends without a word, by SIGPIPE', async (t) => {
  const { demo, data } = await demoServer(t);
  const user = demo.users[0].userPrincipalName;
  // Its exit code and standard error as bash has them; 3 is a pipe whose reader is gone.
  const piped = (command, run = program) => {
    const done = spawnSync('bash', ['-c', `exec 3> >(true); wait $!; "$0" ${command}`, run], { encoding: 'utf8', timeout: 60_000 });
    return [done.status ?? 128 + constants.signals[done.signal], done.stderr];
  };
  for (const command of ['--help', 'serve --check-config', 'notification list --help', `user list --data '${data}'`, `audit list --data '${data}' --json`, `tail --data '${data}' --user ${user}`])
    for (const closed of ['>&3', '>&3 2>&1'])
      assert.deepEqual(piped(`${command} ${closed}`), [141, ''], `${command} ${closed}`);
  const anywhere = ['', 'tls-', 'apns-', 'apns-sandbox-', 'smtp-'].map((which) => `--${which}listen 127.0.0.1:0`).join(' ');
  for (const command of ['--help', anywhere]) assert.equal(piped(`${command} >&3 2>&1`, simulator)[0], 141, command);
  // Neither is what cannot be printed of an error one more error.
  for (const [command, status] of [['sevre', 2], [`user show nobody --data '${data}'`, 1]])
    for (const away of ['2>&3', '2> /dev/full']) assert.deepEqual(piped(`${command} ${away}`), [status, ''], `${command} ${away}`);
  assert.deepEqual(piped(`user list --data '${data}' > /dev/full`), [1, 'heliograph: cannot write to standard output: No space left on device\n']);
  const list = run(['subscription', 'list', '--data', data, '--user', user, '--json']);
  assert.deepEqual(JSON.parse(list.stdout), [], 'tail has ended its subscription');
});

test('init prints what the demo needs, once', (t) => {
  const data = path.join(temporaryFolder(t), 'data');
  const made = run(['init', '--data', data, '--demo', '--json']);
  assert.equal(made.status, 0, made.stderr);
  const demo = JSON.parse(made.stdout);
  for (const name of ['tenantId', 'authority', 'issuer', 'administrator', 'appService', 'clientApp', 'crossDeviceApp', 'users']) assert.ok(demo[name], name);
  assert.equal(demo.users.length, 2);
  assert.equal(demo.issuer, `http://127.0.0.1:8080/${demo.tenantId}/v2.0`);
  assert.equal(Buffer.from(demo.crossDeviceApp.vapidPublicKey, 'base64url').length, 65);
  const again = run(['init', '--data', data, '--demo']);
  assert.equal(again.status, 1);
  oneLine(again.stderr);
  assert.match(again.stderr, new RegExp(data));
  for (const file of ['', 'sealing.key', 'tls', ...readdirSync(path.join(data, 'tls')).map((name) => `tls/${name}`)]) assert.equal(statSync(path.join(data, file)).mode & 0o077, 0, file);
});

test('init writes the sealing key where the configuration says, uses the one that lies there, and says where it cannot', (t) => {
  const folder = temporaryFolder(t), key = path.join(folder, 'etc', 'sealing.key'), toml = path.join(folder, 'heliograph.toml');
  const shipped = readFileSync(new URL('../../packaging/heliograph.toml', import.meta.url), 'utf8');
  writeFileSync(toml, shipped.replace('file:/etc/heliograph/sealing.key', `file:${key}`));
  const init = (name, more) => run(['init', '--data', path.join(folder, name), '--config', toml], more);
  const first = init('one');
  assert.equal(first.status, 0, first.stderr);
  assert.equal(statSync(key).mode & 0o777, 0o600);
  assert.deepEqual(readdirSync(path.dirname(key)), ['sealing.key']);
  assert.ok(!existsSync(path.join(folder, 'one', 'sealing.key')));

  const made = readFileSync(key, 'utf8');
  assert.equal(init('two').status, 0);
  assert.equal(readFileSync(key, 'utf8'), made);

  const data = path.join(folder, 'one');
  const without = run(['user', 'list', '--data', data]);
  assert.equal(without.status, 1);
  oneLine(without.stderr);
  assert.match(without.stderr, /one\/sealing\.key cannot be read: No such file.*HELIOGRAPH_SEALING_KEY=file:PATH/);
  const named = run(['user', 'list', '--data', data], { env: { ...process.env, HELIOGRAPH_SEALING_KEY: `file:${key}` } });
  assert.equal(named.status, 0, named.stderr);
  assert.match(named.stdout, /admin@example\.com/);

  const nowhere = init('three', { env: { ...process.env, HELIOGRAPH_SEALING_KEY: 'file:/proc/heliograph/sealing.key' } });
  assert.equal(nowhere.status, 1);
  oneLine(nowhere.stderr);
  assert.match(nowhere.stderr, /\/proc\/heliograph\/sealing\.key cannot be written/);
  assert.ok(!existsSync(path.join(folder, 'three', 'heliograph.db')));
});

test('a second server on the directory, a busy port, an unwritable directory: one line each, exit 1', async (t) => {
  const { server, data } = await demoServer(t);
  const second = await runAsync(['serve', '--data', data, '--listen', '127.0.0.1:0']);
  assert.equal(second.status, 1, second.stderr);
  oneLine(second.stderr);
  assert.match(second.stderr, new RegExp(`\\b${server.child.pid}\\b`));

  const other = path.join(temporaryFolder(t), 'data');
  initDemo(other);
  const busy = createServer();
  await new Promise((resolve) => busy.listen(0, '127.0.0.1', resolve));
  t.after(() => busy.close());
  const port = busy.address().port;
  const refused = await runAsync(['serve', '--data', other, '--listen', `127.0.0.1:${port}`]);
  assert.equal(refused.status, 1, refused.stderr);
  oneLine(refused.stderr);
  assert.match(refused.stderr, new RegExp(String(port)));

  const nowhere = run(['init', '--data', '/proc/heliograph', '--demo']);
  assert.equal(nowhere.status, 1, nowhere.stderr);
  oneLine(nowhere.stderr);
});

test('a directory that this user may not write: one line that says whose it is and what helps', (t) => {
  const folder = temporaryFolder(t), data = path.join(folder, 'data'), root = process.getuid() === 0;
  initDemo(data);
  // Modes do not stop root; another user then, where that one may run the program at all.
  const nobody = (args) => spawnSync(...(root ? ['setpriv', ['--reuid=65534', '--regid=65534', '--clear-groups', program, ...args]] : [program, args]), { encoding: 'utf8' });
  chmodSync(folder, 0o755);
  if (nobody(['--version']).status !== 0) return t.skip('another user cannot run the program');
  const refused = (args, said) => {
    const done = nobody([...args, '--data', data]);
    assert.equal(done.status, 1, done.stdout + done.stderr);
    oneLine(done.stderr);
    assert.match(done.stderr, said);
  };
  if (root) refused(['user', 'list'], /data\/?[a-z.]* cannot be written: Permission denied; it belongs to root; run this as that user: sudo -u root/);
  if (root) {
    const found = JSON.parse(nobody(['doctor', '--offline', '--data', data, '--json']).stdout).checks;
    assert.match(found.find(({ check }) => check === 'directory').evidence, /data cannot be read: Permission denied; it belongs to root/);
    assert.ok(!found.some(({ evidence }) => /filesystem error/.test(evidence)), JSON.stringify(found));
  }
  if (root) for (const file of ['', ...readdirSync(data)]) if (file !== 'tls') chownSync(path.join(data, file), 65534, 65534);
  chmodSync(data, 0o500);
  for (const args of [['serve', '--listen', '127.0.0.1:0'], ['user', 'list'], ['restore', '--new-epoch']]) refused(args, /data cannot be written: Permission denied; it is yours: chmod u\+rwX \S+data$/m);
  chmodSync(data, 0o700);
  chmodSync(path.join(data, 'heliograph.db'), 0o400);
  refused(['user', 'list'], /heliograph\.db cannot be written: Permission denied; it is yours: chmod/);
});

test('a newer schema is refused, naming both', (t) => {
  const data = path.join(temporaryFolder(t), 'data');
  initDemo(data);
  const done = spawnSync('sqlite3', [path.join(data, 'heliograph.db'), "INSERT INTO schema_version (number, name, applied_at, oldest_program) VALUES (999, 'future', 0, 999)"], { encoding: 'utf8' });
  assert.equal(done.status, 0, done.stderr);
  const refused = run(['serve', '--data', data, '--listen', '127.0.0.1:0']);
  assert.equal(refused.status, 1, refused.stderr);
  oneLine(refused.stderr);
  assert.match(refused.stderr, /999/);
});

test('configuration: --check-config shows it, a bad key names the nearest', (t) => {
  const folder = temporaryFolder(t);
  const good = path.join(folder, 'good.toml'), bad = path.join(folder, 'bad.toml');
  writeFileSync(good, 'listen = "127.0.0.1:9999"\n');
  writeFileSync(bad, 'listenn = "127.0.0.1:9999"\n');
  const shown = run(['serve', '--config', good, '--check-config', '--data', path.join(folder, 'd')]);
  assert.equal(shown.status, 0, shown.stderr);
  assert.match(shown.stdout, /listen = "127\.0\.0\.1:9999"/);
  const refused = run(['serve', '--config', bad, '--check-config']);
  assert.equal(refused.status, 1);
  oneLine(refused.stderr);
  assert.match(refused.stderr, /listenn.*nearest is "listen"/);
});

test('configuration: what serve refuses --check-config refuses, in the same line', (t) => {
  const data = path.join(temporaryFolder(t), 'data'), toml = path.join(path.dirname(data), 'heliograph.toml');
  assert.equal(run(['init', '--data', data]).status, 0);
  for (const [text, args, said] of [
    ['trusted_proxies = ["nonsense"]', [], /trusted_proxies/],
    ['[identity]\nissuers = ["x"]', [], /issuer/],
    ['bus = "http://x"', [], /bus should be nats/],
    ['sealing_key = "file:/nope"', [], /\/nope cannot be read/],
    ['store = "env:HELIOGRAPHS_NOWHERE"', [], /store: env:HELIOGRAPHS_NOWHERE names/],
    ['tls_listen = "127.0.0.1:0"', [], /tls\/cert\.pem cannot be read: No such file.*tls_cert or --tls-cert/],
    ['', ['--tls-listen', 'bad'], /tls_listen is "bad"/],
    ['', ['--public-url', 'hello'], /public_url is "hello"/],
    ['[mail]\npassword = "word"', [], /mail\.password is the secret itself/],
  ]) {
    writeFileSync(toml, `${text}\n`);
    const [checked, served] = [['--check-config'], []].map((more) => run(['serve', '--data', data, '--config', toml, ...args, ...more]));
    for (const done of [checked, served]) {
      assert.equal(done.status, 1, `${text} ${args}: ${done.stdout}${done.stderr}`);
      oneLine(done.stderr);
      assert.match(done.stderr, said);
      assert.equal(done.stdout, '');
    }
    assert.equal(checked.stderr, served.stderr);
  }
});

test('plain HTTP off loopback is refused without a proxy that speaks TLS', (t) => {
  const data = path.join(temporaryFolder(t), 'data');
  initDemo(data);
  const refused = run(['serve', '--data', data, '--listen', '0.0.0.0:0']);
  assert.equal(refused.status, 1, refused.stdout);
  oneLine(refused.stderr);
});

test('user, app, cross-device: with a server and without one, the same answers', async (t) => {
  const { server, demo, data } = await demoServer(t);
  const json = (...args) => { const done = run([...args, '--data', data, '--json']); assert.equal(done.status, 0, `${args.join(' ')}: ${done.stderr}`); return done.stdout.trim() ? JSON.parse(done.stdout) : undefined; };
  const carol = json('user', 'add', '--upn', 'carol@example.com', '--name', 'Carol');
  assert.ok(carol.password);
  const app = json('app', 'add', '--name', 'Mail', '--redirect-uri', 'spa=https://mail.example/cb', '--redirect-uri', 'native=http://127.0.0.1/cb');
  const secret = json('app', 'add-secret', app.clientId);
  assert.ok(secret.clientSecret.length >= 43);
  const host = json('cross-device', 'add', 'mail.example', '--member', app.clientId, '--allow-unverified');
  assert.equal(Buffer.from(host.vapidPublicKey, 'base64url').length, 65);
  json('cross-device', 'add-platform-id', 'mail.example', 'android', 'com.example.mail');
  json('crossdevice', 'add-sender-domain', 'mail.example', 'example.com');
  const shown = json('cross-device', 'show', 'mail.example');
  assert.deepEqual(shown.platformAppIds.android, ['com.example.mail']);
  assert.deepEqual(shown.senderDomains, ['example.com']);
  assert.deepEqual(shown.members.map((m) => m.clientId), [app.clientId]);
  const withServer = { users: json('user', 'list'), apps: json('app', 'list'), hosts: json('cross-device', 'list') };
  // An application that was just registered can be used at once, without a restart.
  await appToken(server.base, { ...demo, appService: { clientId: app.clientId, clientSecret: secret.clientSecret } });
  await server.stop();
  assert.deepEqual({ users: json('user', 'list'), apps: json('app', 'list'), hosts: json('cross-device', 'list') }, withServer);
  json('user', 'block', 'carol@example.com');
  assert.equal(json('user', 'show', 'carol@example.com').blocked, true);
  const missing = run(['user', 'show', 'nobody@example.com', '--data', data]);
  assert.equal(missing.status, 1);
  oneLine(missing.stderr);
});

test('subscribe, send and tail: the whole job at the command line', async (t) => {
  const { demo, data } = await demoServer(t);
  const upn = demo.users[0].userPrincipalName;
  const tail = spawn(program, ['tail', '--data', data, '--user', upn, '--json']);
  t.after(() => tail.kill());
  let out = '';
  const line = (test) => new Promise((resolve, reject) => {
    const look = () => { for (const l of out.split('\n')) if (l && test(JSON.parse(l))) { tail.stdout.off('data', look); return resolve(JSON.parse(l)); } };
    tail.stdout.on('data', look);
    tail.on('close', () => reject(new Error('tail ended')));
    look();
  });
  tail.stdout.setEncoding('utf8').on('data', (chunk) => { out = out + chunk; });
  const first = await line((l) => l.unsid);
  const done = await runAsync(['send', '--data', data, '--unsid', first.unsid, '--title', 'Hi', '--body', 'There', '--json']);
  assert.equal(done.status, 0, done.stderr);
  const { id } = JSON.parse(done.stdout);
  await line((l) => l.activities?.some((a) => a.id === id));
  const made = await runAsync(['subscribe', '--data', data, '--user', upn, '--device', 'desk', '--json']);
  assert.equal(made.status, 0, made.stderr);
  assert.ok(JSON.parse(made.stdout).unsid);
  const toUser = await runAsync(['send', '--data', data, '--user', upn, '--title', 'Again', '--body', '']);
  assert.equal(toUser.status, 0, toUser.stderr);
  const gone = run(['subscription', 'remove', 'nonsense', '--data', data]);
  assert.equal(gone.status, 1, gone.stdout);
  assert.match(gone.stderr, /no subscription has this UNSID/);
  const unknown = await runAsync(['send', '--data', data, '--unsid', 'nonsense', '--title', 'Hi']);
  assert.equal(unknown.status, 1, unknown.stdout);
  assert.match(unknown.stderr, /no subscription to \S+ is known by the UNSID nonsense/);
  const list = run(['subscription', 'list', '--data', data, '--user', upn, '--json']);
  assert.ok(JSON.parse(list.stdout).some((s) => s.deviceId === 'desk'));
});

test('token as an app server takes its secret from a file, the environment or standard input, never from an argument', async (t) => {
  const { server, demo, data } = await demoServer(t);
  const args = ['token', '--server', server.base, '--client-id', demo.appService.clientId, '--json'];
  const file = path.join(data, '..', 'secret');
  writeFileSync(file, demo.appService.clientSecret + '\n', { mode: 0o600 });
  for (const [more, options] of [[['--client-secret-file', file], {}], [[], { env: { ...process.env, HELIOGRAPH_CLIENT_SECRET: demo.appService.clientSecret } }], [['--client-secret-file', '-'], { input: demo.appService.clientSecret }]]) {
    const done = await runAsync([...args, ...more], options);
    assert.equal(done.status, 0, done.stderr);
    const json = JSON.parse(done.stdout);
    assert.equal(json.token_type, 'Bearer');
    assert.ok(json.access_token && json.expires_in > 0);
  }
  const wrong = await runAsync([...args, '--client-secret-file', '-'], { input: 'wrong' });
  assert.equal(wrong.status, 1);
  oneLine(wrong.stderr);
});

test('notification: list, show and remove, and the live devices see it go', async (t) => {
  const { server, demo, data } = await demoServer(t);
  const user = demo.users[0];
  const upn = user.userPrincipalName;
  const json = (...args) => { const done = run(['notification', ...args, '--data', data, '--user', upn, '--json']); assert.equal(done.status, 0, done.stderr); return done.stdout.trim() ? JSON.parse(done.stdout) : undefined; };
  const token = userToken(data, demo, user);
  const live = await Live.open(server.base, token);
  const device = await subscribe(server.base, token);
  const post = await call(server.base, 'POST', '/beta/me/notifications', { token: await appToken(server.base, demo), unsid: device.unsid, body: notification(demo, { appNotificationId: 'order-17' }) });
  assert.equal(post.status, 201, post.raw);

  const list = json('list');
  assert.deepEqual(list.map((n) => [n.appNotificationId, n.userActionState, n.id]), [['order-17', 'noInteraction', post.json.id]]);
  assert.match(list[0].creationDateTime, /^\d{4}-\d\d-\d\dT.*Z$/);
  assert.equal(list[0].payload, undefined);
  assert.equal(json('show', 'order-17').payload.visualContent.title, 'Hello');
  assert.equal(json('show', post.json.id).id, post.json.id);
  json('remove', 'order-17');
  await live.next((m) => m.activities?.some((a) => a.id === post.json.id && a.status === 2));
  await live.close();
  assert.deepEqual(json('list'), []);
  for (const args of [['show', 'order-17'], ['remove', 'order-17'], ['list', '--cross-device', 'none.example']]) {
    const missing = run(['notification', ...args, '--data', data, '--user', upn]);
    assert.equal(missing.status, 1, missing.stdout);
    oneLine(missing.stderr);
  }
});

test('from elsewhere: --server with a token from a file, the environment or standard input', async (t) => {
  const { server, demo, data } = await demoServer(t);
  const administrator = { userPrincipalName: demo.administrator.userPrincipalName };
  const token = userToken(data, demo, administrator, { scope: 'Heliograph.Admin' });
  const file = path.join(data, '..', 'token');
  writeFileSync(file, `${token}\n`, { mode: 0o600 });
  const args = ['user', 'list', '--server', server.base, '--json'];
  for (const [more, options] of [[['--token-file', file], {}], [[], { env: { ...process.env, HELIOGRAPH_TOKEN: token } }], [['--token-file', '-'], { input: token }]]) {
    const done = await runAsync([...args, ...more], options);
    assert.equal(done.status, 0, done.stderr);
    assert.ok(JSON.parse(done.stdout).some((u) => u.userPrincipalName === administrator.userPrincipalName));
  }
  for (const more of [[], ['--token-file', path.join(data, 'none')]]) {
    const refused = await runAsync([...args, ...more]);
    assert.equal(refused.status, 1, refused.stdout);
    oneLine(refused.stderr);
    if (more.length === 0) assert.match(refused.stderr, /--token-file FILE, HELIOGRAPH_TOKEN/);
  }
});

test('times are local on a terminal, ISO in UTC elsewhere', async (t) => {
  const { demo, data } = await demoServer(t);
  const made = run(['subscribe', '--data', data, '--user', demo.users[0].userPrincipalName]);
  assert.equal(made.status, 0, made.stderr);
  const args = ['subscription', 'list', '--data', data, '--user', demo.users[0].userPrincipalName];
  const env = { ...process.env, TZ: 'XYZ-14' };
  const piped = run(args, { env });
  const [ends] = piped.stdout.match(/\d{4}-\d\d-\d\dT[\d:.]+Z/);
  const terminal = spawnSync('script', ['-qec', [program, ...args].map((a) => `'${a}'`).join(' '), '/dev/null'], { encoding: 'utf8', env });
  const local = new Date(Date.parse(ends) + 14 * 3_600_000).toISOString().slice(0, 19).replace('T', ' ');
  assert.ok(terminal.stdout.includes(local), `${local} in ${terminal.stdout}`);
});
