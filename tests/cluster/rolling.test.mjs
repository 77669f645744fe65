// Two neighbouring versions beside each other on one database whose schema is the newer's.
import test from 'node:test';
import assert from 'node:assert/strict';
import { run } from '../harness/server.mjs';
import { concerns, Live } from '../harness/actors.mjs';
import { onBus, postTo as post } from '../harness/cluster.mjs';
import { underLoad } from '../harness/under_load.mjs';

// What the next version would do to the database at its start. `expands`: it names the present schema as the oldest that it serves.
function migrate(postgres, statements, expands) {
  const query = (text) => postgres.query(text, 'cluster');
  const present = Number(query('SELECT MAX(number) FROM schema_version'));
  query(`BEGIN; ${statements}; INSERT INTO schema_version (number, name, applied_at, oldest_program) VALUES (${present + 1}, 'of a newer program', 0, ${expands ? present : present + 1}); COMMIT`);
  return present;
}

test('a schema that was expanded serves the program before, which runs on, begins anew, and is told of all that the others do', { timeout: 600_000 }, async (t) => {
  const at = await underLoad(t, { nodes: 2 });
  const { cluster, token, device, app } = at;
  const present = migrate(cluster.postgres, `
    ALTER TABLE feeds ADD COLUMN of_a_newer_program BIGINT NOT NULL DEFAULT 0;
    ALTER TABLE notifications ADD COLUMN of_a_newer_program TEXT;
    ALTER TABLE jobs ADD COLUMN of_a_newer_program BIGINT NOT NULL DEFAULT 7;
    CREATE TABLE of_a_newer_program (id BYTEA PRIMARY KEY)`, true);
  // The nodes of before run on; each that is begun again meets the newer schema.
  await at.writers.more(50);
  for (let i = 0; i < 2; ++i) await at.restart(i);
  assert.equal(at.writers.refused, 0);
  await onBus(cluster);

  const [a, b] = cluster.nodes;
  for (const [here, there] of [[a, b], [b, a]]) {
    const live = await Live.open(there.base, token, { subscription: device.id });
    const posted = await post(here.base, { app, demo: cluster.demo }, device.unsid);
    assert.equal(posted.status, 201, posted.raw);
    await live.next(concerns(posted.json.id));
    await live.close();
  }
  const health = JSON.parse(cluster.command(0, 'doctor', '--offline', '--json').stdout).checks;
  assert.match(health.find((one) => one.check === 'store').evidence, new RegExp(`schema ${present + 1} \\(this program knows ${present}\\)`));

  // One that does not serve it: who runs runs on, who would begin is told why not.
  migrate(cluster.postgres, 'ALTER TABLE of_a_newer_program ADD COLUMN more TEXT', false);
  await at.writers.more(50);
  await at.finish();
  await cluster.nodes[1].stop();
  const refused = run(['serve', '--data', cluster.nodes[1].data, '--listen', '127.0.0.1:0'], { env: { ...process.env, HELIOGRAPH_STORE: cluster.store } });
  assert.equal(refused.status, 1);
  assert.match(refused.stderr, new RegExp(`^heliograph: .*schema ${present + 2}, which serves programs that know schema ${present + 2} or newer; this program knows schema ${present}: run a newer heliograph.*\n$`));
  t.diagnostic(`measured the device was away for ${(at.follower.away / 1000).toFixed(1)} s at the most, ${at.writers.answered.size} names answered`);
});
