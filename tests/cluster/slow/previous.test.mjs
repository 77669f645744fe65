// The program of an earlier version, PREVIOUS, and this one beside each other under load: rolled forward node by node, and back.
import test from 'node:test';
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { program } from '../../harness/server.mjs';
import { call } from '../../harness/actors.mjs';
import { underLoad } from '../../harness/under_load.mjs';

const previous = process.env.PREVIOUS;
const posts = Number(process.env.POSTS ?? 500);

test('the version before and this one', { timeout: 900_000, skip: previous ? false : 'PREVIOUS names no program' }, async (t) => {
  assert.ok(existsSync(previous), previous);
  const at = await underLoad(t, { program: previous });
  const { cluster } = at;
  const schema = () => Number(cluster.postgres.query('SELECT MAX(number) FROM schema_version', 'cluster'));
  const before = schema();
  const roll = async (i, to) => {
    cluster.program = to;
    await at.restart(i);
    await at.writers.more(posts);
  };
  at.follower.away = 0;
  for (let i = 0; i < 3; ++i) await roll(i, program);
  const after = schema();
  // The way back stands open as long as the schema serves the version before.
  const serves = Number(cluster.postgres.query('SELECT MAX(oldest_program) FROM schema_version', 'cluster')) <= before;
  if (serves) for (let i = 0; i < 2; ++i) await roll(i, previous);
  for (const node of cluster.nodes) assert.notEqual((await call(node.base, 'GET', '/readyz')).json?.bus ?? 'away', 'away');
  await at.finish();
  assert.equal(at.writers.refused, 0);
  for (const node of cluster.nodes) assert.doesNotMatch(node.log, /"level":"error"/);
  t.diagnostic(`measured schema ${before} to ${after}${serves ? ', and two nodes back' : ''}: ${at.writers.broken} kept-alive connections that closed under a post, none refused, ${at.follower.signals} signals; the device was away for ${(at.follower.away / 1000).toFixed(1)} s at the most`);
});
