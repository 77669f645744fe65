// How many calls a user may make in an application: a burst, what clients are told of it, and another limit by SIGHUP.
import test from 'node:test';
import assert from 'node:assert/strict';
import { rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { initDemo, Server, temporaryFolder, until } from '../harness/server.mjs';
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
