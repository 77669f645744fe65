// An operator looks into the store with sqlite3 while the server writes: what was answered before and after is there, also after
// kill -9.
import test from 'node:test';
import assert from 'node:assert/strict';
import path from 'node:path';
import { spawnSync } from 'node:child_process';
import { rmSync } from 'node:fs';
import { initDemo, Server, temporaryFolder } from '../harness/server.mjs';
import { call, notification, userToken } from '../harness/actors.mjs';

test('sqlite3 beside the server takes nothing away', async (t) => {
  const folder = temporaryFolder(), data = path.join(folder, 'data');
  const demo = initDemo(data);
  let server = await Server.start(data);
  let token = userToken(data, demo, demo.users[0]);
  t.after(async () => { await server.stop(); rmSync(folder, { recursive: true, force: true }); });
  const look = () => { const done = spawnSync('sqlite3', [path.join(data, 'heliograph.db'), 'SELECT COUNT(*) FROM notifications'], { encoding: 'utf8' }); assert.equal(done.status, 0, done.stderr); return Number(done.stdout); };
  const posted = [];
  for (let i = 1; i <= 5; ++i) {
    const answer = await call(server.base, 'POST', '/beta/me/notifications', { token, body: notification(demo) });
    assert.equal(answer.status, 201, answer.raw);
    posted.push(answer.json.id);
    assert.equal(look(), i);
  }
  await server.kill();
  server = await Server.start(data);
  token = userToken(data, demo, demo.users[0]);
  for (const id of posted) assert.equal((await call(server.base, 'GET', `/beta/me/notifications/${id}`, { token })).status, 200, id);
});
