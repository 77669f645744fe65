// Runs client_process.mjs, or another one: Node reads NODE_EXTRA_CA_CERTS when it starts, so real clients work in a process of their
// own.
import assert from 'node:assert/strict';
import path from 'node:path';
import { spawn } from 'node:child_process';
import { authority } from '../harness/server.mjs';

export function client(data, task, script = 'client_process.mjs') {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [path.resolve(import.meta.dirname, script)], { env: { ...process.env, NODE_EXTRA_CA_CERTS: authority(data) }, stdio: ['pipe', 'pipe', 'pipe'] });
    let out = '', err = '';
    child.stdout.on('data', (d) => (out += d));
    child.stderr.on('data', (d) => (err += d));
    child.on('close', (code) => { try { assert.equal(code, 0, err); resolve(JSON.parse(out)); } catch (error) { reject(new Error(`${error.message}\n${out}\n${err}`)); } });
    child.stdin.end(JSON.stringify(task));
  });
}
