// make cluster: PostgreSQL with a synchronous standby, three NATS servers, three nodes and a balancer, all on loopback, in temporary
// folders. Says where they are, serves until it is told to stop, and leaves nothing. `--json`: one line for programs.
import { Cluster } from '../tests/harness/cluster.mjs';
import { Replicated } from '../tests/harness/replicated.mjs';

const json = process.argv.includes('--json');
const endings = [];
const t = { after: (end) => endings.push(end) };
let told;
const stop = new Promise((resolve) => (told = resolve));
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => told());

let status = 0;
try {
  if (!json) console.log('cluster: starting PostgreSQL, NATS and the nodes');
  const database = await Replicated.start(t);
  const cluster = await Cluster.start(t, { database, natsServers: 3, port: Number(process.env.PORT ?? 0) });
  const { demo, nodes, nats, balancer } = cluster;
  const processes = [database.primary.child, database.standby.child, ...nats.servers.map(({ child }) => child), ...nodes.map(({ child }) => child)].map(({ pid }) => pid);
  if (json) {
    console.log(JSON.stringify({ balancer: balancer.url, nodes: nodes.map(({ base, data }) => ({ base, data })), nats: nats.address, store: database.clusterUrl, demo, processes }));
  } else {
    console.log(`
  balancer    ${balancer.url}
${nodes.map(({ base, data }, i) => `  node ${i + 1}      ${base}   --data ${data}`).join('\n')}
  NATS        ${nats.address}
  PostgreSQL  127.0.0.1:${database.primary.port}, its synchronous standby 127.0.0.1:${database.standby.port}

${demo.users.map(({ userPrincipalName, password }) => `  user        ${userPrincipalName}   ${password}`).join('\n')}
  app server  ${demo.appService.clientId}   ${demo.appService.clientSecret}

Follow a user at node 2, post at node 1:
  build/release/heliograph tail --data ${nodes[1].data} --user ${demo.users[0].userPrincipalName}
  build/release/heliograph send --data ${nodes[0].data} --user ${demo.users[0].userPrincipalName} --title Hello --body World

Ctrl-C stops all of it.`);
  }
  await stop;
} catch (error) {
  console.error(`cluster: ${error.message}`);
  status = 1;
}
// Nodes first, what they need last.
for (const end of endings.reverse()) await Promise.resolve(end()).catch(() => {});
if (!json) console.log('cluster: stopped');
process.exit(status);
