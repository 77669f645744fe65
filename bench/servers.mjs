// The servers of the benchmark: each on loopback, a free port and a folder of its own, ended by its process id.
import { spawn, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, connect } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';

const root = path.resolve(import.meta.dirname, '..');
export const heliograph = process.env.HELIOGRAPH ?? path.join(root, 'build/release/heliograph');
export const tool = (name) => path.join(root, 'build/release/bench', name);

const folders = [], running = new Set();
export function folder(name) {
  const made = mkdtempSync(path.join(process.env.BENCH_TMP ?? tmpdir(), `heliograph-bench-${name}-`));
  folders.push(made);
  return made;
}

// What ends with the measurement, as the tests' pieces want to be told: `after(what)`.
const closing = [];
export const scope = { after: (what) => closing.push(what) };

// Ends every server that still runs and removes what was made.
export async function clear() {
  await Promise.all([...running].map((server) => server.stop()));
  await Promise.all(closing.splice(0).map((what) => what()));
  for (const one of folders.splice(0)) rmSync(one, { recursive: true, force: true });
}

export function run(program, args, options = {}) {
  const done = spawnSync(program, args, { encoding: 'utf8', timeout: 900_000, maxBuffer: 1 << 26, ...options });
  if (done.error) throw done.error;
  if (done.status !== 0) throw new Error(`${path.basename(program)} ${args.join(' ')} ended with ${done.status}: ${done.stderr.slice(-2000)}`);
  if (done.stderr) process.stderr.write(done.stderr);
  return done.stdout;
}
export const figures = (program, args, options) => JSON.parse(run(program, args, options));

function freePort() {
  return new Promise((resolve, reject) => {
    const probe = createServer().once('error', reject).listen(0, '127.0.0.1', () => {
      const { port } = probe.address();
      probe.close(() => resolve(port));
    });
  });
}

class Server {
  constructor(program, args, options = {}) {
    this.child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'], ...options });
    this.said = '';
    for (const stream of [this.child.stdout, this.child.stderr])
      stream.setEncoding('utf8').on('data', (text) => { if (this.said.length < 1e5) this.said += text; });
    this.ended = new Promise((resolve) => this.child.on('close', () => { running.delete(this); resolve(); }));
    this.exited = false;
    this.ended.then(() => (this.exited = true));
    running.add(this);
  }
  get pid() { return String(this.child.pid); }
  async stop() {
    if (!this.exited) this.child.kill('SIGTERM');
    const hard = setTimeout(() => this.exited || this.child.kill('SIGKILL'), 15_000);
    await this.ended;
    clearTimeout(hard);
  }
  async until(condition, what) {
    for (const end = Date.now() + 120_000; ; await new Promise((resolve) => setTimeout(resolve, 2))) {
      const value = await condition();
      if (value) return value;
      if (this.exited || Date.now() > end) throw new Error(`${what}:\n${this.said}`);
    }
  }
  listening(port) {
    return this.until(() => new Promise((resolve) => {
      const socket = connect(port, '127.0.0.1', () => { socket.destroy(); resolve(true); }).on('error', () => resolve(false));
    }), `nobody listens on ${port}`);
  }
}

// A demo deployment with so many more users and notifications each; no server runs on it.
export function deployment(name, users, notifications, more = {}) {
  const data = path.join(folder(name), 'data');
  const env = { ...process.env, ...more };
  const demo = JSON.parse(run(heliograph, ['init', '--data', data, '--demo', '--json'], { env }));
  run(tool('fill'), [data, String(users), String(notifications)], { env });
  return { data, demo };
}

// `seconds` is the time from its start to the first good answer of /readyz.
export async function serveHeliograph({ data, demo }, { tls = false, perUser = 20, env = {} } = {}) {
  const began = performance.now();
  const server = new Server(heliograph, ['serve', '--data', data, '--listen', '127.0.0.1:0', ...(tls ? ['--tls-listen', '127.0.0.1:0'] : [])],
    { env: { ...process.env, ...env, HELIOGRAPH_LIMITS_CONNECTIONS_PER_USER: String(perUser), HELIOGRAPH_LOG_ACCESS: process.env.BENCH_ACCESS_LOG ?? 'false' } });
  const find = (scheme) => server.until(() => server.said.match(new RegExp(`${scheme}://127\\.0\\.0\\.1:\\d+`))?.[0], 'serve did not listen');
  server.url = await find('http');
  await server.until(async () => (await fetch(`${server.url}/readyz`).catch(() => null))?.ok, 'serve is not ready');
  server.seconds = (performance.now() - began) / 1000;
  if (tls) server.tls = await find('https');
  server.env = { ...process.env, HELIOGRAPH_TOKEN: run(heliograph, ['token', '--data', data, '--user', demo.administrator.userPrincipalName,
    '--client-id', demo.clientApp.clientId, '--scope', 'api://heliograph/Heliograph.Admin']).trim() };
  server.bench = (scenario, args = []) =>
    figures(heliograph, ['bench', scenario, '--server', server.url, '--measure', server.pid, '--json', ...args.map(String)], { env: server.env });
  return server;
}

// nginx with one worker: `return 200`, and Nchan's channels without a store.
export async function serveNginx(certificate) {
  const here = folder('nginx');
  const [port, tlsPort] = [await freePort(), await freePort()];
  for (const name of ['body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']) mkdirSync(path.join(here, name));
  writeFileSync(path.join(here, 'nginx.conf'), `
load_module /usr/lib/nginx/modules/ngx_nchan_module.so;
worker_processes 1;
worker_rlimit_nofile 20000;
pid ${here}/pid;
error_log ${here}/error.log;
user root;
events { worker_connections 19000; }
http {
  access_log off;
  keepalive_requests 1000000000;
  keepalive_timeout 3600;
  tcp_nodelay on;
  ${['body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((n) => `${n === 'body' ? 'client_body' : n}_temp_path ${here}/${n};`).join(' ')}
  nchan_shared_memory_size 256M;
  server {
    listen 127.0.0.1:${port} backlog=4096;
    ${certificate ? `listen 127.0.0.1:${tlsPort} ssl backlog=4096; ssl_certificate ${certificate}/cert.pem; ssl_certificate_key ${certificate}/key.pem;` : ''}
    location / { default_type application/json; return 200 '${'x'.repeat(1000)}'; }
    location ~ /sub/(\\w+)$ { nchan_subscriber; nchan_channel_id $1; nchan_subscriber_first_message newest; nchan_websocket_ping_interval 60; nchan_store_messages off; }
    location ~ /pub/(\\w+)$ { nchan_publisher; nchan_channel_id $1; nchan_store_messages off; }
  }
}`);
  const server = new Server('/usr/sbin/nginx', ['-p', here, '-c', path.join(here, 'nginx.conf'), '-g', 'daemon off;']);
  await server.listening(port);
  server.url = `http://127.0.0.1:${port}`;
  server.tls = `https://127.0.0.1:${tlsPort}`;
  return server;
}

export async function serveMosquitto(certificate) {
  const here = folder('mosquitto');
  const [port, tlsPort] = [await freePort(), await freePort()];
  writeFileSync(path.join(here, 'mosquitto.conf'), `
per_listener_settings false
user root
allow_anonymous true
persistence false
set_tcp_nodelay true
log_type error
listener ${port} 127.0.0.1
${certificate ? `listener ${tlsPort} 127.0.0.1\ncertfile ${certificate}/cert.pem\nkeyfile ${certificate}/key.pem` : ''}
`);
  const server = new Server('/usr/sbin/mosquitto', ['-c', path.join(here, 'mosquitto.conf')]);
  await server.listening(port);
  server.url = `mqtt://127.0.0.1:${port}`;
  server.tls = `https://127.0.0.1:${tlsPort}`;  // the generator reads TLS from the scheme
  return server;
}

export async function serveBare() {
  const server = new Server(tool('bare_broadcast'), ['0']);
  server.url = await server.until(() => server.said.match(/http:\S+/)?.[0], 'the broadcaster did not listen');
  return server;
}

// The generator against a peer: scenario and arguments as bench/peer.cpp takes them, without process ids.
export const peer = (server, ...args) => figures(tool('peer'), [...args.map(String), server.pid]);
