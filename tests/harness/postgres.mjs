// With TEST_STORE=postgres every data directory has a database of its own on one PostgreSQL server (tools/postgres), which begins
// with the test file and ends with it. Without, everything is SQLite.
import { spawn, spawnSync } from 'node:child_process';
import { chmodSync, chownSync, copyFileSync, mkdtempSync, rmSync } from 'node:fs';
import path from 'node:path';
import { createInterface } from 'node:readline';

const tool = path.resolve(import.meta.dirname, '../../tools/postgres');
export const onPostgres = process.env.TEST_STORE === 'postgres';

// Arguments for a server that speaks TLS with this certificate; copies that it may read, gone with the test.
export function withCertificate(t, { cert, key }) {
  const folder = mkdtempSync('/tmp/heliograph-certificate-');
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const copies = [[cert, 'cert.pem'], [key, 'key.pem']].map(([from, name]) => { const to = path.join(folder, name); copyFileSync(from, to); chmodSync(to, 0o600); return to; });
  if (process.getuid() === 0) {
    const id = (what) => Number(spawnSync('id', [what, 'postgres'], { encoding: 'utf8' }).stdout);
    for (const one of [folder, ...copies]) chownSync(one, id('-u'), id('-g'));
  }
  return ['-c', 'ssl=on', '-c', `ssl_cert_file=${copies[0]}`, '-c', `ssl_key_file=${copies[1]}`];
}

export class Postgres {
  // `port`: it listens there on loopback too.
  static async start({ args = ['-c', 'fsync=off'], port } = {}) {
    const child = spawn(tool, args, { stdio: ['pipe', 'pipe', 'inherit'], env: { ...process.env, ...(port ? { POSTGRES_PORT: String(port) } : {}) } });
    const server = new Postgres();
    server.child = child;
    server.lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
    server.url = (await server.lines.next()).value;
    if (!server.url?.startsWith('postgresql://')) throw new Error('tools/postgres has not begun');
    return server;
  }

  // Ends with this process at the latest, and does not keep it.
  background() { for (const one of [this.child, this.child.stdin, this.child.stdout]) one.unref(); return this; }

  // Its URL, as clients on this machine reach it.
  create(name) {
    this.query(`CREATE DATABASE ${name}`);
    return this.of(name);
  }
  of(name) { return this.url.replace('/postgres?', `/${name}?`); }

  // What psql prints, one row a line.
  query(text, name = 'postgres') {
    const done = spawnSync('psql', ['-X', '-A', '-t', '-q', '-v', 'ON_ERROR_STOP=1', this.of(name), '-c', text], { encoding: 'utf8' });
    if (done.status !== 0) throw new Error(`psql: ${done.stderr || done.error}`);
    return done.stdout.trim();
  }

  // 'kill', 'stop', 'start'; when it is done.
  async tell(word) {
    this.child.stdin.write(`${word}\n`);
    const { value } = await this.lines.next();
    if (value !== 'done') throw new Error(`tools/postgres ${word}: ${value}`);
  }
  stop() { this.child.stdin.end(); return new Promise((resolve) => this.child.on('close', resolve)); }
}

const shared = onPostgres ? (await Postgres.start()).background() : undefined;
const places = new Map();  // data directory → URL

// What a program that is called with these arguments has in its environment beside the test's.
export function storeOf(args) {
  const at = args.indexOf('--data');
  if (!shared || at < 0) return {};
  const data = path.resolve(args[at + 1]);
  if (!places.has(data)) places.set(data, shared.create(`test${places.size + 1}`));
  return { HELIOGRAPH_STORE: places.get(data) };
}
