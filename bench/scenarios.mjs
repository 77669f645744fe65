// What is measured. A scenario starts its servers, hands its parts to `interleave`, and answers figures by part.
import { copyFileSync, existsSync } from 'node:fs';
import path from 'node:path';
import { deliver } from './deliver.mjs';
import { postgres } from './postgres.mjs';
import { deployment, figures, folder, heliograph, peer, run, serveBare, serveHeliograph, serveMosquitto, serveNginx, tool } from './servers.mjs';

async function post(size, interleave) {
  const filled = deployment('post', size.users, size.stored);
  const copy = path.join(folder('bare'), 'heliograph.db');
  copyFileSync(path.join(filled.data, 'heliograph.db'), copy);
  const server = await serveHeliograph(filled);
  const nginx = await serveNginx();
  const posts = (connections) => () =>
    server.bench('post', ['--users', size.users, '--connections', connections, '--seconds', size.seconds]);
  const bare = (inFlight) => () => figures(tool('bare_commit'), [copy, String(size.seconds), String(inFlight)]);
  return interleave({
    'Heliograph, 64 connections': posts(64),
    'bare commit, 64 in flight': bare(64),
    'Heliograph, 32 connections': posts(32),
    'bare commit, 32 in flight': bare(32),
    'nginx return 200, 64 connections': () => peer(nginx, 'http', nginx.url, size.seconds / 2, 64),
  }, size.rounds);
}

async function live(size, interleave) {
  const server = await serveHeliograph(deployment('live', size.live, 5));
  const [nginx, mosquitto, bare] = [await serveNginx(), await serveMosquitto(), await serveBare()];
  const other = (one, kind) => () => peer(one, 'live', kind, one.url, size.seconds, size.live, 3, 500);
  return interleave({
    'Heliograph, WebSocket': () => server.bench('live', ['--users', size.live, '--seconds', size.seconds]),
    'Heliograph, SSE': () => server.bench('live', ['--users', size.live, '--seconds', size.seconds, '--sse']),
    'Nchan, WebSocket': other(nginx, 'nchan-ws'),
    'Nchan, SSE': other(nginx, 'nchan-sse'),
    'Mosquitto, MQTT': other(mosquitto, 'mqtt'),
    'bare broadcaster, SSE': other(bare, 'bare'),
  }, size.rounds);
}

async function fanout(size, interleave) {
  const server = await serveHeliograph(deployment('fanout', 10, 5), { perUser: 10_000 });
  const [nginx, mosquitto, bare] = [await serveNginx(), await serveMosquitto(), await serveBare()];
  const other = (one, kind) => () => peer(one, 'fanout', kind, one.url, size.seconds, 1, size.fan, 20);
  const ours = (...more) => () => server.bench('fanout', ['--connections', size.fan, '--seconds', size.seconds, ...more]);
  return interleave({
    'Heliograph, WebSocket': ours(),
    'Heliograph, SSE': ours('--sse'),
    'bare broadcaster, SSE': other(bare, 'bare'),
    'Nchan, WebSocket': other(nginx, 'nchan-ws'),
    'Nchan, SSE': other(nginx, 'nchan-sse'),
    'Mosquitto, MQTT': other(mosquitto, 'mqtt'),
  }, size.rounds);
}

// A fresh server each time: memory that one kind of connection needed would serve the next.
async function idle(size, interleave) {
  const filled = deployment('idle', size.idle / 10, 5);
  const tls = path.join(filled.data, 'tls');
  const held = async (server, measure) => { try { return await measure(server); } finally { await server.stop(); } };
  const ours = (secure, ...more) => async () => held(await serveHeliograph(filled, { tls: true }), (server) =>
    server.bench('idle', ['--users', size.idle / 10, '--connections', 10, '--seconds', size.seconds, ...(secure ? ['--connect', server.tls] : []), ...more]));
  const other = (start, kind, secure) => async () => held(await start(tls), (server) =>
    peer(server, 'idle', kind, secure ? server.tls : server.url, size.seconds, size.idle / 10, 10, 500));
  return interleave({
    'Heliograph, WebSocket': ours(false),
    'Heliograph, SSE': ours(false, '--sse'),
    'Heliograph, WebSocket over TLS': ours(true),
    'Heliograph, SSE over TLS': ours(true, '--sse'),
    'Nchan, WebSocket': other(serveNginx, 'nchan-ws'),
    'Nchan, SSE': other(serveNginx, 'nchan-sse'),
    'Nchan, SSE over TLS': other(serveNginx, 'nchan-sse', true),
    'Mosquitto, MQTT': other(serveMosquitto, 'mqtt'),
    'Mosquitto, MQTT over TLS': other(serveMosquitto, 'mqtt', true),
  }, Math.min(size.rounds, 3));
}

async function delta(size, interleave) {
  const server = await serveHeliograph(deployment('delta', 100, 30));
  const nginx = await serveNginx();
  return interleave({
    'Heliograph, 5 changes': () => server.bench('delta', ['--seconds', size.seconds]),
    'nginx return 200': () => peer(nginx, 'http', nginx.url, size.seconds / 2, 4),
  }, size.rounds);
}

// All figures come of one run of one thread, so that they can be compared.
async function tokens(size) {
  const rounds = Array.from({ length: size.rounds }, () => figures(tool('tokens'), [String(size.seconds / 12)]));
  const all = {};
  for (const name of Object.keys(rounds[0])) {
    const values = rounds.map((one) => one[name].cpuUs).sort((a, b) => a - b);
    all[name] = { cpuUs: { median: values[values.length >> 1], least: values[0], most: values.at(-1) } };
  }
  return all;
}

async function start(size, interleave) {
  const filled = deployment('start', size.start / 100, 100);
  const database = path.join(filled.data, 'heliograph.db');
  const started = (cold) => async () => {
    // GNU dd: asks the kernel to forget the file's pages.
    if (cold && existsSync(database)) run('dd', [`of=${database}`, 'oflag=nocache', 'conv=notrunc,fdatasync', 'count=0', 'status=none']);
    const server = await serveHeliograph(filled);
    await server.stop();
    return { readyMs: server.seconds * 1000 };
  };
  return interleave({ 'Heliograph, warm': started(false), 'Heliograph, cold cache': started(true) }, size.rounds);
}

export const scenarios = { post, pg: postgres, live, fanout, idle, delta, deliver, tokens, start };
export { heliograph };
