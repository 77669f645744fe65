// The load generator against a demo server: each scenario does what it says, in a moment.
import test from 'node:test';
import assert from 'node:assert/strict';
import { demoServer, runAsync, run } from '../harness/server.mjs';

async function stage(t) {
  const { server, demo, data } = await demoServer(t);
  const token = run(['token', '--data', data, '--user', demo.administrator.userPrincipalName, '--client-id', demo.clientApp.clientId,
    '--scope', 'api://heliograph/Heliograph.Admin']);
  assert.equal(token.status, 0, token.stderr);
  const env = { ...process.env, HELIOGRAPH_TOKEN: token.stdout.trim() };
  return { server, bench: (...args) => runAsync(['bench', args[0], '--server', server.base, ...args.slice(1)], { env }) };
}

test('every scenario of heliograph bench answers figures and fails nothing', async (t) => {
  const { server, bench } = await stage(t);
  const pid = String(server.child.pid);
  const brief = ['--users', '2', '--seconds', '0.3', '--warm-up', '0', '--measure', pid, '--json'];
  for (const [scenario, ...more] of [['post', '--connections', '4'], ['live'], ['live', '--sse'], ['fanout', '--connections', '8'],
    ['idle', '--connections', '5'], ['delta']]) {
    const done = await bench(scenario, ...brief, ...more);
    assert.equal(done.status, 0, `${scenario}: ${done.stderr}`);
    const figures = JSON.parse(done.stdout);
    assert.ok(figures.operations > 0, scenario);
    assert.equal(figures.failed, 0, scenario);
  }
});

test('figures are plain numbers for people, and the help says what is usual', async (t) => {
  const { bench } = await stage(t);
  const done = await bench('post', '--users', '2', '--seconds', '0.3', '--warm-up', '0');
  assert.equal(done.status, 0, done.stderr);
  for (const line of done.stdout.trim().split('\n')) assert.match(line, /^\w+: \d+(\.\d{1,3})?$/);
  const help = run(['bench', 'fanout', '--help']).stdout;
  for (const [flag, usual] of [['users', 1], ['connections', 1000], ['seconds', 10], ['warm-up', 1], ['rate', 20]])
    assert.match(help, new RegExp(`--${flag} [^\n]*=${usual}\\b`));
});

test('a deployment with too few users is a sentence', async (t) => {
  const { bench } = await stage(t);
  const done = await bench('post', '--users', '50');
  assert.equal(done.status, 1);
  assert.match(done.stderr, /^heliograph: --users is 50, but the deployment has 2 that are no administrators$/m);
});
