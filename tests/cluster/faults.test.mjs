// Nodes, NATS and PostgreSQL that die under load: no answered 201 is lost, no version is skipped, and all goes on by itself.
import test from 'node:test';
import assert from 'node:assert/strict';
import { until } from '../harness/server.mjs';
import { call, notification } from '../harness/actors.mjs';
import { Postgres } from '../harness/postgres.mjs';
import { freePort } from '../harness/proxies.mjs';
import { Replicated } from '../harness/replicated.mjs';
import { underLoad } from '../harness/under_load.mjs';
import { Wire } from '../harness/wires.mjs';

// Of each kind; more for longer.
const rounds = Number(process.env.KILLS ?? 1);
const seconds = (ms) => `${(ms / 1000).toFixed(1)} s`;

test('kill -9 of nodes', { timeout: 600_000 }, async (t) => {
  const at = await underLoad(t);
  const gaps = [];
  for (let i = 0; i < 3 * rounds; ++i) {
    at.writers.forget();
    await at.cluster.nodes[i % 3].kill();
    await at.writers.more(50);
    gaps.push(at.writers.longest());
    await at.cluster.serve(i % 3);
    await at.writers.more(50);
  }
  await at.finish();
  t.diagnostic(`measured ${at.writers.broken} posts cut off and ${at.writers.refused} refused in ${3 * rounds} kills; nothing was answered for ${seconds(Math.max(...gaps))} at the most; the device was told ${at.follower.signals} times`);
});

test('kill -9 of NATS', { timeout: 600_000 }, async (t) => {
  const at = await underLoad(t);
  const gaps = [];
  for (let i = 0; i < rounds; ++i) {
    at.writers.forget();
    await at.cluster.nats.end();
    await at.writers.more(50);
    gaps.push(at.writers.longest());
    await at.cluster.nats.begin();
    await at.writers.more(50);
  }
  await at.finish();
  assert.equal(at.writers.refused + at.writers.broken, 0, 'NATS is no part of an answer');
  t.diagnostic(`measured nothing was answered for ${seconds(Math.max(...gaps))} at the most while NATS was killed (${rounds} times)`);
});

test('kill -9 of PostgreSQL', { timeout: 600_000 }, async (t) => {
  const postgres = await Postgres.start({ args: [] });
  t.after(() => postgres.stop());
  const at = await underLoad(t, { database: postgres });
  const back = [];
  for (let i = 0; i < rounds; ++i) {
    await postgres.tell('kill');
    // Every node says that it cannot, and when to come again.
    for (const node of at.cluster.nodes) {
      const refused = await until(async () => {
        const answer = await call(node.base, 'POST', '/beta/me/notifications', { token: at.app, unsid: at.device.unsid, body: notification(at.cluster.demo) });
        return answer.status === 503 && answer;
      }, { what: 'a refusal' });
      assert.match(refused.headers.get('retry-after') ?? '', /^\d+$/);
    }
    await postgres.tell('start');
    const begun = performance.now();
    at.writers.forget();
    await at.writers.more(20);
    back.push(performance.now() - begun);
    await at.writers.more(50);
  }
  await at.finish();
  t.diagnostic(`measured posts are answered again ${seconds(Math.max(...back))} after PostgreSQL was, at the most of ${rounds}`);
});

test('a node that is cut off from the database says so, and serves again by itself', { timeout: 600_000 }, async (t) => {
  const port = await freePort();
  const postgres = await Postgres.start({ port });
  t.after(() => postgres.stop());
  let wire;
  const storeOf = async (i, cluster) => {
    if (i !== 2) return cluster.store;
    wire ??= await Wire.start(t, port);
    return `postgresql://postgres@127.0.0.1:${wire.port}/cluster`;
  };
  const at = await underLoad(t, { database: postgres, storeOf });
  const alone = at.cluster.nodes[2];
  const body = () => notification(at.cluster.demo);
  wire.cut();
  const refused = await until(async () => {
    const answer = await call(alone.base, 'POST', '/beta/me/notifications', { token: at.app, unsid: at.device.unsid, body: body() });
    return answer.status === 503 && answer;
  }, { what: 'a refusal' });
  assert.match(refused.headers.get('retry-after') ?? '', /^\d+$/);
  assert.equal((await call(alone.base, 'GET', '/beta/me/notifications', { token: at.token })).status, 503);
  assert.equal((await call(alone.base, 'GET', '/readyz')).status, 503);
  assert.equal((await call(alone.base, 'GET', '/healthz')).status, 200);
  assert.equal((await call(at.cluster.nodes[0].base, 'POST', '/beta/me/notifications', { token: at.app, unsid: at.device.unsid, body: body() })).status, 201);
  wire.mend();
  const begun = performance.now();
  await until(async () => (await call(alone.base, 'POST', '/beta/me/notifications', { token: at.app, unsid: at.device.unsid, body: body() })).status === 201, { what: 'that it serves again' });
  t.diagnostic(`measured it serves again ${seconds(performance.now() - begun)} after the wire was mended`);
  await at.finish();
});

test('failover to a synchronous standby', { timeout: 600_000 }, async (t) => {
  const database = await Replicated.start(t);
  const at = await underLoad(t, { database });
  at.writers.forget();
  const begun = performance.now();
  await database.failOver();
  const promoted = performance.now();
  await at.writers.more(50);
  t.diagnostic(`measured posts are answered again ${seconds(at.writers.longest())} after the last before the primary died, ${seconds(promoted - begun)} of them until the standby was promoted`);
  await at.finish();
});

test('a rolling restart: nothing is refused, the device comes back at once', { timeout: 600_000 }, async (t) => {
  const at = await underLoad(t);
  at.follower.away = 0;
  for (let i = 0; i < 3; ++i) await at.restart(i);
  await at.finish();
  assert.equal(at.writers.refused, 0);
  t.diagnostic(`measured ${at.writers.broken} kept-alive connections that closed under a post, ${at.writers.answered.size} names answered; the device was away for ${seconds(at.follower.away)} at the most`);
});
