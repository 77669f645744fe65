// How many calls a user may make in an application: a burst, what clients are told of it, another limit by SIGHUP or for one
// application; and how many come from one address, as proxies that are trusted tell it.
import test from 'node:test';
import assert from 'node:assert/strict';
import { rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { demoServer, initDemo, run, Server, temporaryFolder, until } from '../harness/server.mjs';
import { appToken, call, userToken } from '../harness/actors.mjs';

test('a burst gets as many answers as the limit says, and nobody else pays for it', async (t) => {
  const folder = temporaryFolder();
  const data = path.join(folder, 'data'), config = path.join(folder, 'heliograph.toml');
  const demo = initDemo(data);
  writeFileSync(config, '[limits]\nuser_calls = 100\n');
  const server = await Server.start(data, { args: ['--config', config] });
  t.after(async () => { await server.stop(); rmSync(folder, { recursive: true, force: true }); });
  const [alice, bob] = demo.users.map((user) => userToken(data, demo, user));
  const me = (token) => call(server.base, 'GET', '/beta/me', { token, headers: { 'X-Forwarded-For': `10.0.0.${Math.ceil(Math.random() * 250)}` } });

  const begun = performance.now();
  const answers = await Promise.all(Array.from({ length: 200 }, () => me(alice)));
  const filled = Math.floor((performance.now() - begun) / 600);  // calls that came back to the bucket meanwhile
  const given = answers.filter(({ status }) => status === 200).length;
  assert.ok(given >= 100 && given <= 101 + filled, `${given} answers, of which ${filled} may have come back`);
  const refused = answers.find(({ status }) => status === 429);
  assert.equal(refused.json.error.code, 'activityLimitReached');
  assert.equal(refused.headers.get('RateLimit-Limit'), '100');
  assert.equal(refused.headers.get('RateLimit-Remaining'), '0');
  assert.match(refused.headers.get('Retry-After'), /^[1-9]\d*$/);
  assert.equal((await me(bob)).status, 200, 'another user, of the same address');
  assert.equal((await call(server.base, 'GET', '/beta/endedSubscriptions', { token: await appToken(server.base, demo) })).status, 200, 'an application by itself has a limit of its own');

  writeFileSync(config, '[limits]\nuser_calls = 0\n');
  server.child.kill('SIGHUP');
  await until(async () => (await me(alice)).headers.get('RateLimit-Limit') === null, { what: 'the new limit' });
  assert.equal((await me(alice)).status, 200);
});

test('an application has limits of its own, by the command line and the admin API', async (t) => {
  const { server, demo, data } = await demoServer(t, { env: { HELIOGRAPH_LIMITS_USER_CALLS: '1000' } });
  const change = (...args) => run(['app', 'change', demo.clientApp.clientId, ...args, '--data', data, '--json']);
  const alice = userToken(data, demo, demo.users[0]);
  const limit = async (token) => (await call(server.base, 'GET', '/beta/me', { token })).headers.get('RateLimit-Limit');
  assert.equal(await limit(alice), '1000');
  const changed = change('--user-calls', '7', '--calls', '0');
  assert.equal(changed.status, 0, changed.stderr);
  assert.deepEqual([JSON.parse(changed.stdout).userCallsPerMinute, JSON.parse(changed.stdout).callsPerMinute], [7, 0]);
  assert.equal(await limit(alice), '7');
  let given = 1;
  while ((await call(server.base, 'GET', '/beta/me', { token: alice })).status === 200) ++given;
  assert.ok(given >= 6 && given <= 8, `${given} answers`);
  assert.equal(change('--user-calls', 'default').status, 0);
  assert.equal(await limit(alice), '1000');
  for (const [wrong, what] of [[['--user-calls', 'many'], /--user-calls is "many"/], [['--calls', '-1'], /--calls is "-1"/], [[], /say what to change/]]) {
    const refused = change(...wrong);
    assert.equal(refused.status, 2, refused.stderr);
    assert.match(refused.stderr, what);
  }
});

test('an address may ask so often without saying who calls; proxies that are trusted say whose it is', async (t) => {
  const env = { HELIOGRAPH_TRUSTED_PROXIES: '127.0.0.1,10.0.0.0/8', HELIOGRAPH_LIMITS_ADDRESS_CALLS: '20', HELIOGRAPH_LIMITS_ADDRESS_GUESSES: '3' };
  const { server, demo, data } = await demoServer(t, { env });
  const from = (address) => ({ 'X-Forwarded-For': address });
  const discovery = (headers) => call(server.base, 'GET', '/common/v2.0/.well-known/openid-configuration', { headers });
  const token = (secret, headers) => fetch(`${server.base}/common/oauth2/v2.0/token`, { method: 'POST', headers, body: new URLSearchParams({ grant_type: 'client_credentials', scope: 'https://graph.microsoft.com/.default', client_id: demo.appService.clientId, client_secret: secret }) });
  const begun = performance.now();
  const statuses = await Promise.all(Array.from({ length: 60 }, async (_, i) => (await discovery(from(`203.0.113.${i}, 192.0.2.1, 10.0.0.${i}`))).status));
  const given = statuses.filter((status) => status === 200).length;
  assert.ok(given >= 20 && given <= 21 + (performance.now() - begun) / 3000, `${given} answers, whatever stood before the address`);

  const refused = await discovery(from('192.0.2.1'));
  assert.equal(refused.status, 429);
  assert.match(refused.headers.get('Retry-After'), /^[1-9]\d*$/);
  for (const other of ['192.0.2.2', '2001:db8::1', '127.0.0.1']) assert.equal((await discovery(from(other))).status, 200, other);
  assert.equal((await call(server.base, 'GET', '/healthz', { headers: from('192.0.2.1') })).status, 200);
  // Who says who calls, rightly, is not held back by who else comes from there.
  assert.equal((await call(server.base, 'GET', '/beta/me', { token: userToken(data, demo, demo.users[0]), headers: from('192.0.2.1') })).status, 200);
  for (let i = 0; i < 5; ++i) assert.equal((await token(demo.appService.clientSecret, from('192.0.2.1'))).status, 200);
  const guess = await token('a guess', from('192.0.2.1'));
  assert.deepEqual([guess.status, (await guess.json()).error], [429, 'temporarily_unavailable']);
  assert.ok(guess.headers.has('Retry-After'));

  // Passwords, of whatever account.
  const csrf = 'A'.repeat(32);
  const tries = async (i, address) => (await fetch(`${server.base}/account`, { method: 'POST', headers: { Cookie: `hg_csrf=${csrf}`, ...from(address) }, body: new URLSearchParams({ csrf, username: `user${i}@example.com`, password: 'wrong' }) })).status;
  const tried = [];
  for (let i = 0; i < 5; ++i) tried.push(await tries(i, '198.51.100.1'));
  assert.deepEqual(tried.slice(0, 3), [401, 401, 401]);
  assert.ok(tried.includes(429), `${tried}`);
  assert.equal(await tries(9, '198.51.100.2'), 401);
  await until(() => /"remote":"198\.51\.100\.1"/.test(server.log), { what: 'the log names who asked' });
});

test('what is said of an address by somebody who is not trusted counts for nothing', async (t) => {
  const { server } = await demoServer(t, { env: { HELIOGRAPH_TRUSTED_PROXIES: '10.0.0.0/8', HELIOGRAPH_LIMITS_ADDRESS_CALLS: '5' } });
  for (let i = 0; i < 20; ++i) assert.equal((await call(server.base, 'GET', '/openapi.json', { headers: { 'X-Forwarded-For': '192.0.2.1' } })).status, 200);
  assert.doesNotMatch(server.log, /192\.0\.2\.1/);
});
