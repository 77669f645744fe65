// A durable post on PostgreSQL beside the best that single appends come to on the same server: pgbench, one statement a
// transaction that does to the same tables what a post does, and nothing around it. Ours over HTTP, and without it.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { Postgres } from '../tests/harness/postgres.mjs';
import { deployment, figures, folder, run, scope, serveHeliograph, tool } from './servers.mjs';

// Of user n: as random as a real one's id, and found again.
const user = (n) => `decode(md5((${n})::text), 'hex')`;
const shard = (id) => `(get_byte(${id}, 0) << 6 | get_byte(${id}, 1) >> 2)`;
const app = "decode('00112233445566778899aabbccddeeff', 'hex')";
const columns = 'shard, user_id, app_id, id, version, app_notification_id, title, body, platform_mask, expires_at, keep_until, priority, status, read_state, action_state, content_version, created_at, posted_by, fingerprint, bytes';
const now = '(extract(epoch FROM clock_timestamp()) * 1000)::bigint';
const content = `uuid_send(gen_random_uuid()), version, gen_random_uuid()::text, 'Your order has been shipped', repeat('x', 300), 255,
  ${now} + 604800000, ${now} + 604800000, 0, 0, 0, 0, 1, ${now}, ${app}, sha256('x'), 400`;

const append = (users) => `\\set n random(1, ${users})
WITH feed AS (UPDATE feeds SET version = version + 1, unread = unread + 1, live_count = live_count + 1, bytes = bytes + 400
  WHERE shard = ${shard(user(':n'))} AND user_id = ${user(':n')} AND app_id = ${app} RETURNING shard, user_id, app_id, version)
INSERT INTO notifications (${columns}) SELECT shard, user_id, app_id, ${content} FROM feed;
`;

function fill(postgres, name, { users, stored }) {
  postgres.query(`INSERT INTO feeds (shard, user_id, app_id, version) SELECT ${shard('u')}, u, ${app}, ${stored} FROM (SELECT ${user('n')} AS u FROM generate_series(1, ${users}) n) one`, name);
  postgres.query(`INSERT INTO notifications (${columns}) SELECT shard, user_id, app_id, ${content} FROM generate_series(1, ${stored}) v (version), (SELECT shard, user_id, app_id FROM feeds) feed`, name);
  postgres.query('VACUUM ANALYZE', name);
}

function processOf(server) {
  const folder = new URLSearchParams(server.url.split('?')[1]).get('host');
  return readFileSync(path.join(folder, 'data/postmaster.pid'), 'utf8').split('\n')[0];
}

// What all processes of the server have used so far, those that have ended too, in µs.
function cpuOf(server) {
  const postmaster = processOf(server);
  const fields = (pid) => { try { return readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1].split(' '); } catch { return undefined; } };
  let ticks = 0;
  for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
    const of = fields(pid);
    if (pid === postmaster) ticks += of.slice(11, 15).reduce((sum, one) => sum + Number(one), 0);
    else if (of?.[1] === postmaster) ticks += Number(of[11]) + Number(of[12]);
  }
  return ticks * 10_000;
}

// Figures, and what each operation cost the server. It goes on writing for a while what it has taken.
async function withStoreCpu(server, measure) {
  const before = cpuOf(server);
  const got = await measure();
  return { ...got, storeCpuUs: (cpuOf(server) - before) / got.operations };
}

export async function postgres(size, interleave) {
  const server = await Postgres.start({ args: ['-c', 'shared_buffers=512MB', '-c', 'max_wal_size=4GB', '-c', 'wal_compression=off'] });
  scope.after(() => server.stop());
  const env = { HELIOGRAPH_STORE: server.create('posts') };
  const filled = deployment('pg', size.users, size.stored, env);
  server.query('VACUUM ANALYZE', 'posts');
  deployment('pg-single', 0, 0, { HELIOGRAPH_STORE: server.create('single') });
  fill(server, 'single', size);
  const script = path.join(folder('pgbench'), 'append.sql');
  writeFileSync(script, append(size.users));

  const groups = (inFlight) => async () => figures(tool('groups'), [env.HELIOGRAPH_STORE, String(size.seconds), String(inFlight), processOf(server)]);
  const heliograph = await serveHeliograph(filled, { env });
  const posts = (connections) => () => withStoreCpu(server, () =>
    heliograph.bench('post', ['--users', size.users, '--connections', connections, '--seconds', size.seconds]));
  const single = (clients) => () => withStoreCpu(server, () => {
    const said = run('/usr/lib/postgresql/15/bin/pgbench', ['-n', '-M', 'prepared', '-f', script, '-c', String(clients), '-j', '2', '-T', String(size.seconds), server.of('single')]);
    return { operations: Number(said.match(/actually processed: (\d+)/)[1]), perSecond: Number(said.match(/tps = ([\d.]+)/)[1]), p50Ms: Number(said.match(/latency average = ([\d.]+)/)[1]) };
  });
  return interleave({
    'Heliograph, 64 connections': posts(64),
    'pgbench, 16 clients': single(16),
    'Heliograph without HTTP, 256 in flight': groups(256),
    'pgbench, 24 clients': single(24),
    'Heliograph, 32 connections': posts(32),
    'pgbench, 32 clients': single(32),
    'Heliograph without HTTP, 64 in flight': groups(64),
  }, size.rounds);
}
