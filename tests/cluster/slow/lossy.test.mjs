// A bus that loses half of all messages costs time, a minute at the most, and nothing else.
import test from 'node:test';
import assert from 'node:assert/strict';
import { until } from '../../harness/server.mjs';
import { concerns, Live } from '../../harness/actors.mjs';
import { metric, onBus, posts, postTo as post } from '../../harness/cluster.mjs';
import { losing, Wire } from '../../harness/wires.mjs';

test('half of all messages lost: everything comes within a minute', { timeout: 400_000 }, async (t) => {
  const tally = { lost: 0 };
  const busOf = async (i, cluster) => (i === 1 ? `nats://127.0.0.1:${(await Wire.start(t, cluster.nats.port, { filter: losing(tally) })).port}` : cluster.nats.address);
  const at = await posts(t, { nodes: 2, busOf });
  const [a, b] = at.cluster.nodes;
  await onBus(at.cluster);
  const live = await Live.open(b.base, at.tokens[0], { subscription: at.device.id, etag: at.device.partialSyncToken });
  t.after(() => live.close());
  let last;
  // Each other message comes, and brings what the one before it did not.
  for (let i = 0; tally.lost < 20 || last.signalled; ++i) {
    last = (await post(a.base, at, at.device.unsid, { appNotificationId: `lossy-${i % 90}` })).json;
    const before = tally.lost, received = await metric(b, 'heliograph_bus_received_total');
    await until(async () => tally.lost > before || (await metric(b, 'heliograph_bus_received_total')) > received || live.messages.some(concerns(last.id)), { what: 'a message, or its loss' });
    last.signalled = tally.lost === before;
    assert.ok(i < 400);
  }
  const begun = performance.now();
  await live.next(concerns(last.id));
  t.diagnostic(`measured ${tally.lost} of the messages lost; the last change, whose message was lost, came after ${((performance.now() - begun) / 1000).toFixed(1)} s`);
  let etag = at.device.partialSyncToken;
  for (const signal of live.signals()) { assert.equal(signal.baseETag, etag); etag = signal.newETag; }
});
