// Nodes on one PostgreSQL, NATS between them, a balancer in front; all on loopback, all ended with the test.
import { cpSync, existsSync, mkdirSync } from 'node:fs';
import path from 'node:path';
import { run, Server, temporaryFolder, until } from './server.mjs';
import { Nats } from './nats.mjs';
import { Postgres } from './postgres.mjs';
import { Balancer } from './wires.mjs';
import { appToken, call, notification, subscribe, userToken } from './actors.mjs';

export class Cluster {
  // `database`: has a `url`; without one a PostgreSQL is started. `busOf(i)`, `storeOf(i)`: what node i is told; the real ones otherwise.
  // `program`: another than the one under test; may be set anew, for nodes that begin then.
  static async start(t, { nodes = 3, natsServers = 1, port = 0, env = {}, database, busOf, storeOf, program } = {}) {
    const cluster = new Cluster();
    Object.assign(cluster, { t, env, busOf, storeOf, program, folder: temporaryFolder(t) });
    cluster.postgres = database ?? (await ownDatabase(t));
    cluster.store = cluster.postgres.clusterUrl ?? cluster.postgres.create('cluster');
    cluster.nats = natsServers > 1 ? await Nats.startCluster(t, natsServers) : await Nats.start(t);
    cluster.balancer = await Balancer.start(t, [], port);
    const first = cluster.#folderOf(0);
    const made = run(['init', '--data', first, '--demo', '--json'], { program, env: { ...process.env, HELIOGRAPH_STORE: cluster.store } });
    if (made.status !== 0) throw new Error(`init failed (${made.status}): ${made.stderr}`);
    cluster.demo = JSON.parse(made.stdout);
    cluster.nodes = [];
    for (let i = 0; i < nodes; ++i) await cluster.serve(i);
    return cluster;
  }

  #folderOf(i) { return path.join(this.folder, `node-${i + 1}`); }

  // Begins node `i`, on the port it had before where it had one.
  async serve(i) {
    const data = this.#folderOf(i);
    if (!existsSync(data)) { mkdirSync(data, { mode: 0o700 }); cpSync(path.join(this.#folderOf(0), 'sealing.key'), path.join(data, 'sealing.key')); }
    const env = {
      ...this.env, HELIOGRAPH_STORE: (await this.storeOf?.(i, this)) ?? this.store, HELIOGRAPH_BUS: (await this.busOf?.(i, this)) ?? this.nats.address,
      HELIOGRAPH_PUBLIC_URL: this.balancer.url, HELIOGRAPH_LOG_ACCESS: 'false',
    };
    const port = this.nodes[i] ? new URL(this.nodes[i].base).port : 0;
    const node = await Server.start(data, { env, listen: `127.0.0.1:${port}`, program: this.program });
    node.port = Number(new URL(node.base).port);
    this.nodes[i] = node;
    this.balancer.nodes = [...this.nodes];
    this.t.after(() => node.stop());
    return node;
  }

  // Tokens hold at every node: they are of the balancer's address.
  app() { return appToken(this.balancer.url, this.demo); }
  token(user, i = 0) { return userToken(this.nodes[i].data, this.demo, user); }
  // What a command of node `i`'s operator says.
  command(i, ...args) { return run([...args, '--data', this.nodes[i].data], { env: { ...process.env, HELIOGRAPH_STORE: this.store } }); }
}

async function ownDatabase(t) {
  const postgres = await Postgres.start();
  t.after(() => postgres.stop());
  return postgres;
}

export const metric = async (node, name) => Number((await (await fetch(`${node.base}/metrics`)).text()).match(new RegExp(`^${name} (\\S+)$`, 'm'))?.[1]);
export const onBus = (cluster) => until(async () => (await Promise.all(cluster.nodes.map((node) => call(node.base, 'GET', '/readyz')))).every(({ json }) => json && json.bus !== 'away'), { what: 'all nodes on the bus that they have' });

// A cluster with an app server, both users' tokens and a device of the first: {cluster, demo, app, tokens, device}.
export async function posts(t, options) {
  const cluster = await Cluster.start(t, options);
  const at = { cluster, demo: cluster.demo, app: await cluster.app(), tokens: cluster.demo.users.map((user) => cluster.token(user)) };
  at.device = await subscribe(cluster.balancer.url, at.tokens[0]);
  return at;
}
export const postTo = (base, at, unsid, more) => call(base, 'POST', '/beta/me/notifications', { token: at.app, unsid, body: notification(at.demo, more) });
