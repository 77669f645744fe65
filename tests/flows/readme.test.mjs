// The README's session, as it is printed.
import test from 'node:test';
import assert from 'node:assert/strict';
import path from 'node:path';
import { spawn } from 'node:child_process';
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { initDemo, program, Server, temporaryFolder, until } from '../harness/server.mjs';

const readme = readFileSync(path.resolve(import.meta.dirname, '../../README.md'), 'utf8');
const blocks = [...readme.matchAll(/^```sh\n([\s\S]*?)^```$/gm)].map(([, text]) => text);

test('the session of the README, and what its other terminal shows', async (t) => {
  const [follow, session] = blocks.slice(1);
  const folder = temporaryFolder(t);
  mkdirSync(path.join(folder, 'build/release'), { recursive: true });
  mkdirSync(path.join(folder, 'run'));
  symlinkSync(path.resolve(program), path.join(folder, 'build/release/heliograph'));
  const data = path.join(folder, 'run/data');
  writeFileSync(path.join(folder, 'run/demo.json'), JSON.stringify(initDemo(data)));
  const server = await Server.start(data);
  t.after(() => server.stop());

  const shell = (text) => spawn('bash', ['-c', text], { cwd: folder, stdio: ['ignore', 'pipe', 'pipe'] });
  const laptop = shell(`exec ${follow}`);
  t.after(() => laptop.kill());
  let shown = '';
  laptop.stdout.on('data', (chunk) => (shown += chunk));
  laptop.stderr.on('data', (chunk) => (shown += chunk));
  await until(async () => /^heliograph_live_connections(\{[^}]*\})? 1$/m.test(await (await fetch(`${server.base}/metrics`)).text()), { what: 'the laptop follows' });

  const phone = shell(`set -eu\n${session.replace('http://127.0.0.1:8080', server.base)}`);
  let answered = '', complaints = '';
  phone.stdout.on('data', (chunk) => (answered += chunk));
  phone.stderr.on('data', (chunk) => (complaints += chunk));
  const code = await new Promise((resolve) => phone.on('close', resolve));
  assert.equal(code, 0, complaints);
  assert.equal(JSON.parse(answered).userActionState, 'dismissed', answered);
  await until(() => /Hello[\s\S]*dismissed/.test(shown), { what: `posted and dismissed in ${shown}` });
});
