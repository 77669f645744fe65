// A cluster with writers and a device that follows, all by the balancer; finish() holds what was answered against every node.
import assert from 'node:assert/strict';
import { until } from './server.mjs';
import { call, Live, notification, subscribe } from './actors.mjs';
import { Cluster } from './cluster.mjs';
import { Follower, Writers } from './journal.mjs';

export async function underLoad(t, options = {}) {
  const cluster = await Cluster.start(t, options);
  const url = cluster.balancer.url, app = await cluster.app(), token = cluster.token(cluster.demo.users[0]);
  const device = await subscribe(url, token);
  const writers = new Writers(8, () => url, cluster.demo, app, device.unsid);
  const follower = new Follower((etag) => Live.open(url, token, { subscription: device.id, etag }), device.partialSyncToken);
  t.after(() => { writers.stopped = follower.stopped = true; });
  await writers.more(50);
  return {
    cluster, writers, follower, token, device, app,
    // As whoever operates it: out of the balancer, then a stop that drains; then `begin`, or the same program again.
    async restart(i, begin = () => cluster.serve(i)) {
      cluster.balancer.nodes = cluster.nodes.filter((_, n) => n !== i);
      const { status } = await cluster.nodes[i].stop();
      assert.equal(status, 0, cluster.nodes[i].log);
      await begin();
      await writers.more(50);
    },
    async finish() {
      await writers.stop();
      // A node that has just got its store back may still say that it comes.
      const last = await until(async () => {
        const answer = await call(url, 'POST', '/beta/me/notifications', { token: app, unsid: device.unsid, body: notification(cluster.demo) });
        if (answer.status !== 503) assert.equal(answer.status, 201, answer.raw);
        return answer.status === 201 && answer;
      }, { what: 'the last post to be taken' });
      await until(() => follower.etag === last.headers.get('x-new-etag'), { what: 'the last signal', seconds: 120 });
      await follower.stop();
      for (const node of cluster.nodes) await writers.allThere(node.base, token);
    },
  };
}
