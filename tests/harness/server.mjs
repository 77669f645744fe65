// Starts the real program on a free port with its own temporary data directory, and ends it by its process id.
import { spawn, spawnSync } from 'node:child_process';
import { chmodSync, cpSync, mkdtempSync, rmSync, readFileSync, existsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { onPostgres, storeOf } from './postgres.mjs';

export const program = process.env.HELIOGRAPH ?? path.resolve(import.meta.dirname, '../../build/release/heliograph');

export function temporaryFolder(t) {
  const folder = mkdtempSync(path.join(tmpdir(), 'heliograph-test-'));
  t?.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

// Runs a command to its end: {status, stdout, stderr}. `program`: another than the one under test.
export function run(args, { program: run = program, ...options } = {}) {
  const done = spawnSync(run, args, { encoding: 'utf8', timeout: 120_000, ...options, env: { ...(options.env ?? process.env), ...storeOf(args) } });
  if (done.error) throw done.error;
  return { status: done.status, stdout: done.stdout, stderr: done.stderr };
}

export function runAsync(args, options = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { stdio: [options.input === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe'], ...options, env: { ...(options.env ?? process.env), ...storeOf(args) } });
    let stdout = '', stderr = '';
    child.stdout.on('data', (d) => (stdout += d));
    child.stderr.on('data', (d) => (stderr += d));
    child.on('error', reject);
    child.on('close', (status, signal) => resolve({ status, signal, stdout, stderr }));
    if (options.input !== undefined) child.stdin.end(options.input);
  });
}

// A demo deployment in the directory, and what `init` said of it. TEST_DEMO names a folder with one that was made before (tools/test):
// its keys and password hashes take longer to make than most tests to run.
export function initDemo(data, extra = []) {
  if (process.env.TEST_DEMO && !onPostgres && extra.length === 0) {
    cpSync(path.join(process.env.TEST_DEMO, 'data'), data, { recursive: true, errorOnExist: true, force: false });
    chmodSync(data, 0o700);
    return JSON.parse(readFileSync(path.join(process.env.TEST_DEMO, 'demo.json'), 'utf8'));
  }
  const done = run(['init', '--data', data, '--demo', '--json', ...extra]);
  if (done.status !== 0) throw new Error(`init failed (${done.status}): ${done.stderr}`);
  return JSON.parse(done.stdout);
}

// A running `serve`. `base` is its plain address, `tls` its TLS address (with options.tls), `operators` that of --admin-listen.
export class Server {
  constructor(child, data) { this.child = child; this.data = data; this.log = ''; this.exited = false; }

  static async start(data, { tls = false, args = [], env = {}, listen = '127.0.0.1:0', program: run = program } = {}) {
    const all = ['serve', '--data', data, '--listen', listen, ...(tls ? ['--tls-listen', '127.0.0.1:0'] : []), ...args];
    const child = spawn(run, all, { stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, ...storeOf(all), ...env } });
    const server = new Server(child, data);
    server.ended = new Promise((resolve) => child.on('close', (status, signal) => { server.exited = true; resolve({ status, signal }); }));
    await server.#addresses(tls);
    await server.ready();
    return server;
  }

  async #addresses(tls) {
    await new Promise((resolve, reject) => {
      const look = (chunk) => {
        this.log += chunk;
        this.base ??= this.log.match(/http:\/\/127\.0\.0\.1:\d+/)?.[0];
        this.tls ??= this.log.match(/https:\/\/127\.0\.0\.1:\d+/)?.[0];
        this.operators ??= this.log.match(/(https?:\/\/127\.0\.0\.1:\d+) \(admin/)?.[1];
        if (this.base && (!tls || this.tls)) resolve();
      };
      this.child.stdout.setEncoding('utf8').on('data', look);
      this.child.stderr.setEncoding('utf8').on('data', (chunk) => (this.log += chunk));
      this.ended.then(({ status }) => reject(new Error(`serve ended with ${status} before it listened:\n${this.log}`)));
    });
  }

  async ready() {
    await until(async () => (await fetch(`${this.base}/readyz`).catch(() => null))?.ok, { what: 'readyz', while: () => !this.exited });
  }

  // SIGTERM; answers {status, signal}.
  stop() { if (!this.exited) this.child.kill('SIGTERM'); return this.ended; }
  kill() { if (!this.exited) this.child.kill('SIGKILL'); return this.ended; }
}

// Polls a condition with a generous bound; a slow machine only makes it slower.
export async function until(condition, { what = 'the condition', seconds = 60, while: going = () => true } = {}) {
  const end = Date.now() + seconds * 1000;
  for (;;) {
    const value = await condition();
    if (value) return value;
    if (!going()) throw new Error(`${what}: can no longer come true`);
    if (Date.now() > end) throw new Error(`${what}: not within ${seconds} s`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

// A demo deployment that serves: {server, demo, data}; stopped after the test.
export async function demoServer(t, options = {}) {
  const folder = temporaryFolder();
  const data = path.join(folder, 'data');
  const demo = initDemo(data);
  const server = await Server.start(data, options);
  t.after(async () => { await server.stop(); rmSync(folder, { recursive: true, force: true }); });
  return { server, demo, data };
}

export function authority(data) { return path.join(data, 'tls', 'ca.pem'); }
export { existsSync, readFileSync };
