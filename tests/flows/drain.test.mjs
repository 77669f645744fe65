// SIGTERM drains: every request in flight is answered, live clients are told to come back, the exit code is 0.
import test from 'node:test';
import assert from 'node:assert/strict';
import path from 'node:path';
import { temporaryFolder, initDemo, Server } from '../harness/server.mjs';
import { appToken, call, Live, notification, subscribe, userToken } from '../harness/actors.mjs';

test('a stop under load answers what is in flight and sends live clients away with 1012', async (t) => {
  const data = path.join(temporaryFolder(t), 'data');
  const demo = initDemo(data);
  const server = await Server.start(data);
  t.after(() => server.kill());
  const app = await appToken(server.base, demo);
  const token = userToken(data, demo, demo.users[0]);
  const device = await subscribe(server.base, token);
  const live = await Live.open(server.base, token, { subscription: device.id });
  const outcomes = [];
  let going = true;
  const writer = async () => {
    while (going) {
      try {
        const answer = await call(server.base, 'POST', '/beta/me/notifications', { token: app, unsid: device.unsid, body: notification(demo) });
        outcomes.push(answer.status);
      } catch (error) {
        // Refused before anything was sent, or a kept-alive connection that had been closed: never cut in the middle of an answer.
        outcomes.push(error.cause?.code ?? 'unknown');
        going = false;
      }
    }
  };
  const writers = Array.from({ length: 8 }, writer);
  while (outcomes.length < 50) await new Promise((resolve) => setImmediate(resolve));
  const { status } = await server.stop();
  going = false;
  await Promise.all(writers);
  assert.equal(status, 0, server.log);
  assert.equal((await live.closed).code, 1012);
  const strange = outcomes.filter((o) => ![201, 503, 'ECONNREFUSED', 'ECONNRESET', 'UND_ERR_SOCKET'].includes(o));
  assert.deepEqual(strange, []);
  const answered = outcomes.filter((o) => o === 201).length;
  const again = await Server.start(data, { listen: new URL(server.base).host });
  t.after(() => again.kill());
  const delta = await call(again.base, 'GET', `/v2/feeds/me/views/${device.id}/activities`, { token });
  // What was stored was answered: a request in flight is never left without its answer.
  assert.equal(delta.json.activities.length, Math.min(answered, 1000));
});
