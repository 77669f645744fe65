// `make cluster`: everything begins with one command, works, and leaves nothing.
import test from 'node:test';
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { until } from '../harness/server.mjs';
import { appToken, call } from '../harness/actors.mjs';

const alive = (pid) => { try { process.kill(pid, 0); return true; } catch { return false; } };

test('begins, serves, and leaves nothing', { timeout: 300_000 }, async (t) => {
  const child = spawn(process.execPath, [path.resolve(import.meta.dirname, '../../tools/cluster.mjs'), '--json'], { stdio: ['ignore', 'pipe', 'pipe'] });
  let said = '';
  child.stderr.setEncoding('utf8').on('data', (d) => (said += d));
  const ended = new Promise((resolve) => child.on('close', resolve));
  t.after(() => { child.kill('SIGTERM'); return ended; });
  const line = await new Promise((resolve, reject) => { createInterface({ input: child.stdout }).once('line', resolve); ended.then(() => reject(new Error(`it ended: ${said}`))); });
  const { balancer, nodes, nats, demo, processes } = JSON.parse(line);
  assert.equal(nodes.length, 3);
  assert.equal(nats.split(',').length, 3);
  assert.equal(processes.length, 8);
  for (const { base } of nodes) await until(async () => (await call(base, 'GET', '/readyz')).json?.bus === 'connected', { what: `${base} on the bus` });
  await appToken(balancer, demo);

  child.kill('SIGTERM');
  assert.equal(await ended, 0, said);
  assert.deepEqual(processes.filter(alive), []);
  for (const { data } of nodes) assert.ok(!existsSync(data), data);
});
