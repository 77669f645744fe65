// nginx and HAProxy with the configuration of packaging/, in front of nodes of a test, on a free port of loopback.
import { spawn } from 'node:child_process';
import { createServer } from 'node:net';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import tls from 'node:tls';
import { temporaryFolder, until } from './server.mjs';

const packaging = path.resolve(import.meta.dirname, '../../packaging');

export function freePort() {
  return new Promise((resolve, reject) => {
    const server = createServer().on('error', reject).listen(0, '127.0.0.1', () => { const { port } = server.address(); server.close(() => resolve(port)); });
  });
}

// The packaged text with each of `changes` made; one that finds nothing means that test and file no longer fit.
function adapted(file, changes) {
  let text = readFileSync(path.join(packaging, file), 'utf8');
  for (const [from, to] of changes) {
    if (!text.includes(from)) throw new Error(`${file} has no ${JSON.stringify(from)}`);
    text = text.replace(from, to);
  }
  return text;
}

// `nodes`: their HOST:PORT. `files`: {cert, key}. {url, port, passed(), stop()}; `passed` counts the requests that were handed to a node.
const kinds = {
  nginx(folder, port, nodes, { cert, key }) {
    const site = adapted('nginx/heliograph.conf', [
      ['    server 127.0.0.1:8080 max_fails=1 fail_timeout=5s;', nodes.map((node) => `    server ${node} max_fails=1 fail_timeout=5s;`).join('\n')],
      ['listen 443 ssl http2', `listen 127.0.0.1:${port} ssl http2`],
      ['/etc/heliograph/tls/cert.pem', cert], ['/etc/heliograph/tls/key.pem', key],
    ]);
    const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((name) => `${name}_temp_path ${folder}/${name};`).join(' ');
    const log = path.join(folder, 'access.log');
    writeFileSync(path.join(folder, 'site.conf'), site);
    writeFileSync(path.join(folder, 'nginx.conf'), `daemon off; ${process.getuid() === 0 ? 'user root;' : ''} worker_processes 1; pid ${folder}/pid; error_log stderr warn;
events { worker_connections 1024; }
http { log_format passed '$status to $upstream_addr'; access_log ${log} passed; ${temporary} include ${folder}/site.conf; }
`);
    const passed = () => readFileSync(log, 'utf8').split('\n').filter((line) => / to \d/.test(line)).length;
    return { command: ['/usr/sbin/nginx', '-e', 'stderr', '-c', path.join(folder, 'nginx.conf')], passed };
  },
  haproxy(folder, port, nodes, { cert, key }) {
    const both = path.join(folder, 'both.pem');
    writeFileSync(both, readFileSync(cert, 'utf8') + readFileSync(key, 'utf8'), { mode: 0o600 });
    const text = adapted('haproxy/haproxy.cfg', [
      ['    server node-1 127.0.0.1:8080', nodes.map((node, i) => `    server node-${i + 1} ${node}`).join('\n')],
      ['bind :443 ssl crt /etc/heliograph/tls/both.pem', `bind 127.0.0.1:${port} ssl crt ${both}`],
      ['maxconn 100000', 'maxconn 1000'],
    ]);
    writeFileSync(path.join(folder, 'haproxy.cfg'), text);
    const passed = (said) => said.split('\n').filter((line) => / heliograph\/node-\d+ /.test(line)).length;
    return { command: ['/usr/sbin/haproxy', '-f', path.join(folder, 'haproxy.cfg')], passed };
  },
};

export async function startProxy(t, kind, port, nodes, files) {
  const folder = temporaryFolder(t);
  mkdirSync(folder, { recursive: true });
  const { command, passed } = kinds[kind](folder, port, nodes, files);
  const child = spawn(command[0], command.slice(1), { stdio: ['ignore', 'pipe', 'pipe'] });
  let said = '';
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (d) => (said += d));
  let running = true;
  const ended = new Promise((resolve, reject) => child.on('error', reject).on('close', (status) => { running = false; resolve(status); }));
  t.after(() => { child.kill('SIGTERM'); return ended; });
  const answers = () => new Promise((resolve) => {
    const socket = tls.connect({ host: '127.0.0.1', port, rejectUnauthorized: false }, () => { socket.destroy(); resolve(true); }).on('error', () => resolve(false));
  });
  await until(answers, { what: `${kind} answers`, while: () => running }).catch((error) => { throw new Error(`${error.message}\n${said}`); });
  return { url: `https://localhost:${port}`, port, passed: () => passed(said), said: () => said };
}
