// A PostgreSQL primary and its synchronous standby, each on a free port of loopback, in temporary folders.
import { spawn, spawnSync } from 'node:child_process';
import { chownSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import path from 'node:path';
import { freePort } from './proxies.mjs';
import { until } from './server.mjs';

const versions = () => readdirSync('/usr/lib/postgresql').sort((a, b) => Number(b) - Number(a));
const bin = (name) => path.join('/usr/lib/postgresql', versions()[0], 'bin', name);
// PostgreSQL does not run as root.
const asUser = (command) => (process.getuid() === 0 ? ['setpriv', '--reuid=postgres', '--regid=postgres', '--clear-groups', ...command] : command);

export class Replicated {
  static async start(t, { durable = true } = {}) {
    const pair = new Replicated();
    pair.folder = mkdtempSync('/tmp/heliograph-replicated-');
    if (process.getuid() === 0) {
      const id = (what) => Number(spawnSync('id', [what, 'postgres'], { encoding: 'utf8' }).stdout);
      chownSync(pair.folder, id('-u'), id('-g'));
    }
    pair.arguments = durable ? [] : ['-c', 'fsync=off'];
    t?.after(() => pair.stop());
    try {
      await pair.#begin();
    } catch (error) { await pair.stop(); throw error; }
    return pair;
  }

  async #begin() {
    command(['initdb', '-D', `${this.folder}/primary`, '-U', 'postgres', '-A', 'trust', '-E', 'UTF8', '--locale=C.UTF-8', '--no-sync', '--no-instructions']);
    this.primary = await this.#serve('primary');
    command(['pg_basebackup', '-D', `${this.folder}/standby`, '-R', '-X', 'stream', '--no-sync', '-c', 'fast', '-d', `host=127.0.0.1 port=${this.primary.port} user=postgres application_name=standby`]);
    this.standby = await this.#serve('standby');
    this.query(this.primary, 'CREATE DATABASE cluster');
    this.query(this.primary, "ALTER SYSTEM SET synchronous_standby_names = 'standby'");
    this.query(this.primary, 'SELECT pg_reload_conf()');
    await until(() => this.query(this.primary, 'SELECT sync_state FROM pg_stat_replication') === 'sync', { what: 'the standby is synchronous' });
    // libpq finds the one that can be written.
    this.clusterUrl = `postgresql://postgres@127.0.0.1:${this.primary.port},127.0.0.1:${this.standby.port}/cluster?target_session_attrs=read-write`;
  }

  async #serve(name) {
    const port = await freePort();
    const [command, ...args] = asUser([bin('postgres'), '-D', `${this.folder}/${name}`, '-k', this.folder, '-p', String(port), '-c', 'listen_addresses=127.0.0.1', '-c', 'max_connections=200', ...this.arguments]);
    const child = spawn(command, args, { stdio: ['ignore', 'ignore', 'pipe'], cwd: '/' });
    const server = { name, port, child, log: '', running: true };
    child.stderr.setEncoding('utf8').on('data', (d) => (server.log += d));
    server.ended = new Promise((resolve) => child.on('error', resolve).on('close', (status) => { server.running = false; resolve(status); }));
    await until(() => spawnSync(bin('pg_isready'), ['-q', '-h', '127.0.0.1', '-p', String(port)]).status === 0, { what: `${name} answers`, while: () => server.running });
    return server;
  }

  query(server, text) {
    const done = spawnSync('psql', ['-X', '-A', '-t', '-q', '-v', 'ON_ERROR_STOP=1', '-h', '127.0.0.1', '-p', String(server.port), '-U', 'postgres', '-c', text, 'postgres'], { encoding: 'utf8' });
    if (done.status !== 0) throw new Error(`psql: ${done.stderr || done.error}`);
    return done.stdout.trim();
  }

  // The primary dies as by a power cut, and the standby takes its place.
  async failOver() {
    const children = spawnSync('ps', ['-o', 'pid=', '--ppid', String(this.primary.child.pid)], { encoding: 'utf8' }).stdout.split(/\s+/).filter(Boolean).map(Number);
    process.kill(this.primary.child.pid, 'SIGKILL');
    for (const pid of children) try { process.kill(pid, 'SIGKILL'); } catch { /* it went with its parent */ }
    await this.primary.ended;
    this.query(this.standby, 'SELECT pg_promote()');
    await until(() => this.query(this.standby, 'SELECT pg_is_in_recovery()') === 'f', { what: 'the standby is promoted' });
  }

  async stop() {
    for (const server of [this.standby, this.primary]) if (server?.running) server.child.kill('SIGINT');
    await Promise.all([this.primary?.ended, this.standby?.ended]);
    rmSync(this.folder, { recursive: true, force: true });
  }
}

function command(words) {
  const [name, ...args] = words;
  const [program, ...all] = asUser([bin(name), ...args]);
  const done = spawnSync(program, all, { encoding: 'utf8', cwd: '/' });
  if (done.status !== 0) throw new Error(`${name}: ${done.stderr || done.error}`);
}
