// A cluster whose cross-device app is configured with all that heliograph-pushsim hands out.
import { call, notification } from './actors.mjs';
import { Cluster, onBus } from './cluster.mjs';
import { configure, environment } from './pushes.mjs';
import { PushSim } from './pushsim.mjs';

export async function pushes(t, options = {}) {
  const sim = await PushSim.start(t);
  const cluster = await Cluster.start(t, { ...options, env: environment(sim) });
  configure(cluster.nodes[0].data, sim);
  await onBus(cluster);
  // What the helpers for one server need, of node `i`.
  const at = (i) => ({ sim, demo: cluster.demo, data: cluster.nodes[i].data, base: cluster.nodes[i].base, app });
  const app = await cluster.app();
  return { sim, cluster, at, app, demo: cluster.demo, pushes: (query = {}) => sim.received({ platform: 'fcm', kind: 'push', ...query }) };
}
export const postAt = (at, unsid, more) => call(at.base, 'POST', '/beta/me/notifications', { token: at.app, unsid, body: notification(at.demo, more) });
export const titled = (title) => (one) => one.body.message.notification?.title === title;
