// A nats-server of the test's own, on a free port of loopback.
import { spawn } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { freePort } from './proxies.mjs';
import { temporaryFolder, until } from './server.mjs';

export class Nats {
  // Ends with the test. `more`: lines for its configuration.
  static async start(t, { more = '' } = {}) {
    const nats = new Nats();
    nats.folder = temporaryFolder(t);
    nats.more = more;
    nats.port = -1;
    await nats.begin();
    t?.after(() => nats.end('SIGTERM'));
    return nats;
  }

  // Several that are one: {address, servers}.
  static async startCluster(t, count) {
    const routes = await Promise.all(Array.from({ length: count }, freePort));
    const all = routes.map((port) => `"nats://127.0.0.1:${port}"`).join(', ');
    const servers = [];
    for (const [i, port] of routes.entries()) servers.push(await Nats.start(t, { more: `server_name: "nats-${i + 1}"\ncluster { name: "heliograph", listen: "127.0.0.1:${port}", routes: [${all}] }` }));
    return { servers, address: servers.map(({ address }) => address).join(','), get port() { return servers[0].port; } };
  }

  // Again, on the port it had.
  async begin() {
    const ports = path.join(this.folder, 'ports');
    rmSync(ports, { recursive: true, force: true });
    mkdirSync(ports);
    const file = path.join(this.folder, 'nats.conf');
    writeFileSync(file, `host: "127.0.0.1"\nport: ${this.port}\nports_file_dir: "${ports}"\n${this.more}\n`);
    // Where Debian has it, which need not be on the PATH.
    this.child = spawn('/usr/sbin/nats-server', ['-c', file], { stdio: ['ignore', 'ignore', 'pipe'] });
    this.log = '';
    this.child.stderr.on('data', (d) => (this.log += d));
    this.ended = new Promise((resolve, reject) => this.child.on('close', resolve).on('error', reject));
    const written = () => readdirSync(ports).map((name) => readFileSync(path.join(ports, name), 'utf8').match(/nats:\/\/127\.0\.0\.1:(\d+)/)?.[1]).find(Boolean);
    this.port = Number(await until(written, { what: 'nats-server listens' }));
    this.address = `nats://127.0.0.1:${this.port}`;
  }

  end(signal = 'SIGKILL') { this.child.kill(signal); return this.ended; }
  pause() { this.child.kill('SIGSTOP'); }
  resume() { this.child.kill('SIGCONT'); }
}
