// A worker that stands still while it pushes, for longer than its lease.
import test from 'node:test';
import assert from 'node:assert/strict';
import { until } from '../../harness/server.mjs';
import { pushes as deployment, postAt as post, titled } from '../../harness/cluster_pushes.mjs';
import { device, report } from '../../harness/pushes.mjs';

test('a worker that is stopped past its lease: another sends, it makes at most one duplicate', { timeout: 400_000 }, async (t) => {
  const world = await deployment(t);
  const phone = await device(world.at(0), world.demo.users[0], 'fcm');
  // Its answer is on its way when node A stands still.
  await world.sim.fault({ platform: 'fcm', latencyMs: 800 });
  const title = 'while A stands still';
  const posted = await post(world.at(0), phone.unsid, { payload: { visualContent: { title } } });
  assert.equal(posted.status, 201, posted.raw);
  await until(async () => (await world.pushes()).some(titled(title)), { what: 'the first push' });
  const [a] = world.cluster.nodes;
  a.child.kill('SIGSTOP');
  t.after(() => a.child.kill('SIGCONT'));
  const begun = performance.now();
  world.cluster.balancer.nodes = world.cluster.nodes.slice(1);
  await until(async () => (await report(world.at(1), phone.unsid, posted.json.id)).get(phone.id)?.state === 'accepted', { what: 'that another node has sent it', seconds: 200 });
  const took = performance.now() - begun;
  a.child.kill('SIGCONT');
  // Once it has looked around it takes part again.
  assert.equal((await post(world.at(0), phone.unsid, { payload: { visualContent: { title: 'afterwards' } } })).status, 201);
  await until(async () => (await world.pushes()).some(titled('afterwards')), { what: 'the next push', seconds: 120 });
  const sent = (await world.pushes()).filter(titled(title)).length;
  t.diagnostic(`measured a stopped node's push was sent by another after ${(took / 1000).toFixed(1)} s; sent ${sent} times in all`);
  assert.ok(sent <= 2, `${sent} times`);
  assert.equal((await report(world.at(0), phone.unsid, posted.json.id)).get(phone.id).state, 'accepted');
});
