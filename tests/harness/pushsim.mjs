// Starts heliograph-pushsim on free ports, and speaks with its inspection.
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { program, temporaryFolder } from './server.mjs';

// Beside the program under test.
export const simulator = process.env.HELIOGRAPH_PUSHSIM ?? path.join(path.dirname(program), 'heliograph-pushsim');

export class PushSim {
  // Ends with the test. `credentials` is a folder; `authority` its certificate, for clients that verify.
  static async start(t, { args = [], credentials = temporaryFolder(t) } = {}) {
    const sim = new PushSim();
    sim.child = spawn(simulator, ['--listen', '127.0.0.1:0', '--credentials', credentials, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
    sim.log = '';
    sim.credentials = credentials;
    sim.ended = new Promise((resolve) => sim.child.on('close', (status, signal) => resolve({ status, signal })));
    sim.child.stderr.on('data', (d) => (sim.log += d));
    t.after(() => sim.stop());
    const line = await new Promise((resolve, reject) => {
      let text = '';
      sim.child.stdout.on('data', (d) => { text += d; if (text.includes('\n')) resolve(text); });
      sim.child.on('error', reject);
      sim.ended.then(() => reject(new Error(`pushsim ended: ${sim.log}`)));
    });
    sim.addresses = JSON.parse(line);
    sim.authority = readFileSync(path.join(credentials, 'ca.pem'), 'utf8');
    sim.apps = (await sim.call('GET', '/sim/apps')).value;
    return sim;
  }

  async stop() {
    this.child.kill('SIGTERM');
    return this.ended;
  }

  async call(method, target, body) {
    const response = await fetch(this.addresses.http + target, { method, body: body && JSON.stringify(body) });
    const text = await response.text();
    if (!response.ok) throw new Error(`${method} ${target}: ${response.status} ${text}`);
    return text ? JSON.parse(text) : null;
  }

  // Waits until its log holds `pattern`.
  async logged(pattern) {
    for (const end = Date.now() + 60_000; !pattern.test(this.log);) {
      if (Date.now() > end) throw new Error(`never logged ${pattern}: ${this.log}`);
      await new Promise((resolve) => this.child.stderr.once('data', resolve));
    }
  }

  app(platform, which = () => true) { return this.apps.find((app) => app.platform === platform && which(app)); }
  endpoint(platform, more = {}) { return this.call('POST', '/sim/endpoints', { platform, ...more }); }
  change(endpoint, more) { return this.call('PATCH', `/sim/endpoints/${endpoint.platform}/${encodeURIComponent(endpoint.id)}`, more); }
  fault(more) { return this.call('POST', '/sim/faults', more); }
  peace() { return this.call('DELETE', '/sim/faults'); }
  async received(query = {}) { return (await this.call('GET', `/sim/received?${new URLSearchParams(query)}`)).value; }
  async last(query = {}) { return (await this.received(query)).at(-1); }
}
