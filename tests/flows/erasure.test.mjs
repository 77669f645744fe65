// A user is erased: no row, no word of the user is left in the store but what the audit log says of an id.
import test from 'node:test';
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import path from 'node:path';
import { demoServer, run } from '../harness/server.mjs';
import { call, notification, subscribe, userToken } from '../harness/actors.mjs';

test('an erased user is in no table, and the tokens of the user are refused', async (t) => {
  const { server, demo, data } = await demoServer(t);
  const [alice, bob] = demo.users;
  const token = userToken(data, demo, alice);
  const device = await subscribe(server.base, token, { deviceId: 'canary-device' });
  const body = notification(demo, { payload: { visualContent: { title: 'canary-title', body: '' }, rawContent: undefined } });
  assert.equal((await call(server.base, 'POST', '/beta/me/notifications', { token, unsid: device.unsid, body })).status, 201);
  const others = userToken(data, demo, bob);
  await subscribe(server.base, others, { deviceId: 'desk' });

  assert.equal(run(['user', 'erase', alice.userPrincipalName, '--data', data]).status, 0);
  assert.equal((await call(server.base, 'GET', '/beta/me', { token })).status, 401);
  assert.equal((await call(server.base, 'GET', '/beta/me', { token: others })).status, 200);
  assert.equal(run(['user', 'show', alice.userPrincipalName, '--data', data]).status, 1);
  await server.stop();

  const sql = (text) => { const done = spawnSync('sqlite3', [path.join(data, 'heliograph.db'), text], { encoding: 'utf8', maxBuffer: 2 ** 26 }); assert.equal(done.status, 0, done.stderr); return done.stdout.trim(); };
  const id = alice.id.replaceAll('-', '');
  for (const table of sql("SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'").split('\n')) {
    if (table === 'audit' || table === 'revocations') continue;  // an id in what was done, and until its tokens have run out
    const dump = sql(`.dump ${table}`).toLowerCase();
    for (const canary of [id, alice.id, alice.userPrincipalName, 'canary-title', 'canary-device']) assert.ok(!dump.includes(canary), `${canary} in ${table}`);
    if (table === 'users') assert.ok(dump.includes(bob.userPrincipalName));
  }
  assert.equal(JSON.parse(run(['audit', 'verify', '--data', data, '--json']).stdout).whole, true);
});
