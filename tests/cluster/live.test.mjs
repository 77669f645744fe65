// Three nodes on one PostgreSQL with NATS between them: what is posted at one is live at the others, and what ends at one ends at all.
import test from 'node:test';
import assert from 'node:assert/strict';
import { until } from '../harness/server.mjs';
import { call, concerns, Live, subscribe } from '../harness/actors.mjs';
import { metric, onBus, posts, postTo as post } from '../harness/cluster.mjs';
import { spread } from '../harness/raw.mjs';

test('a post at one node is live at another', { timeout: 300_000 }, async (t) => {
  const at = await posts(t);
  const { cluster } = at, [a, b, c] = cluster.nodes;
  await onBus(cluster);
  const there = await Live.open(b.base, at.tokens[0], { subscription: at.device.id });
  const beside = await Live.open(c.base, at.tokens[0], { path: '/beta/me/notifications/stream' });
  t.after(() => Promise.all([there.close(), beside.close()]));
  const times = [];
  // While a node begins to listen for a feed it looks into the store, and what is posted meanwhile may be read there.
  const reads = () => metric(b, 'heliograph_live_store_reads_total');
  let opening;
  for (let i = 0; i < 300; ++i) {
    const begun = performance.now();
    const posted = await post(a.base, at, at.device.unsid, { appNotificationId: `post-${i % 50}` });
    assert.equal(posted.status, 201, posted.raw);
    const fits = (message) => concerns(posted.json.id)(message) && message.newETag === posted.headers.get('x-new-etag');
    const { receivedAt } = await there.next(fits);
    await beside.next(fits);
    times.push(receivedAt - begun);
    opening ??= await reads();
  }
  const { p50, p99, worst } = spread(times);
  t.diagnostic(`measured a post at A is live at B after ${p50} ms (median), ${p99} ms (p99), ${worst} ms (worst of 300), its commit in that`);
  assert.ok((await metric(b, 'heliograph_bus_received_total')) >= 300);
  assert.equal(await reads(), opening, 'each message says all');
  const [from, to] = [a, b].map((node) => node.log);
  assert.doesNotMatch(from + to, /"level":"error"/);
});

test('a device goes from node to node and misses nothing', { timeout: 300_000 }, async (t) => {
  const at = await posts(t);
  const { nodes } = at.cluster;
  let etag = at.device.partialSyncToken, posted = 0;
  const ids = new Set(), heard = new Set();
  for (let move = 0; move < 12; ++move) {
    const live = await Live.open(nodes[move % 3].base, at.tokens[0], { subscription: at.device.id, etag });
    for (let i = 0; i < 5; ++i) ids.add((await post(nodes[(move + i) % 3].base, at, at.device.unsid, { appNotificationId: `moving-${posted++}` })).json.id);
    const last = [...ids].at(-1);
    // Some are left before all has come: the next node goes on from there.
    if (move % 2 === 0) await live.next(concerns(last));
    await live.close();
    for (const signal of live.signals()) {
      assert.equal(signal.baseETag, etag);
      etag = signal.newETag;
      for (const { id } of signal.activities) heard.add(id);
    }
  }
  const end = await Live.open(nodes[2].base, at.tokens[0], { subscription: at.device.id, etag });
  if (![...ids].every((id) => heard.has(id))) {
    await end.next(concerns([...ids].at(-1)));
    for (const { activities } of end.signals()) for (const { id } of activities) heard.add(id);
  }
  await end.close();
  assert.deepEqual([...ids].filter((id) => !heard.has(id)), []);
});

test('a user or an application that is blocked, and a subscription that ends, at one node, ends at all', { timeout: 300_000 }, async (t) => {
  const at = await posts(t);
  const [a, b, c] = at.cluster.nodes;
  await onBus(at.cluster);
  const device = await subscribe(a.base, at.tokens[1]);
  const ends = await Live.open(b.base, at.tokens[1], { subscription: device.id });
  const begun = performance.now();
  assert.equal((await call(a.base, 'DELETE', `/v1/feeds/me/subscriptions/${device.id}`, { token: at.tokens[1] })).status, 200);
  assert.equal((await ends.closed).code, 4410);
  const ended = performance.now();
  const blocked = await Live.open(c.base, at.tokens[0], { subscription: at.device.id });
  const command = performance.now();
  const done = at.cluster.command(0, 'user', 'block', at.demo.users[0].userPrincipalName);
  assert.equal(done.status, 0, done.stderr);
  assert.equal((await blocked.closed).code, 4403);
  t.diagnostic(`measured an end reaches another node after ${Math.round(ended - begun)} ms, a block ${Math.round(performance.now() - command)} ms after the command was called`);
  const refused = (token) => async () => (await Promise.all(at.cluster.nodes.map(({ base }) => call(base, 'GET', '/beta/me/notifications', { token })))).every(({ status }) => status === 403);
  await until(refused(at.tokens[0]), { what: 'that every node refuses the user' });

  const other = await Live.open(b.base, at.tokens[1]);
  const again = performance.now();
  const app = at.cluster.command(2, 'app', 'block', at.demo.clientApp.clientId);
  assert.equal(app.status, 0, app.stderr);
  assert.equal((await other.closed).code, 4403);
  await until(refused(at.tokens[1]), { what: 'that every node refuses the application' });
  t.diagnostic(`measured a blocked application is refused by all after ${Math.round(performance.now() - again)} ms`);
});

test('a signing key that is rotated at one node signs for all; one that has ended signs for none', { timeout: 300_000 }, async (t) => {
  const at = await posts(t);
  const { cluster } = at;
  await onBus(cluster);
  const kid = (token) => JSON.parse(Buffer.from(token.split('.')[0], 'base64url')).kid;
  const statuses = async (token) => Promise.all(cluster.nodes.map(async ({ base }) => (await call(base, 'GET', '/beta/me/notifications', { token })).status));
  const all = async (token, status) => (await statuses(token)).every((one) => one === status);
  const [before] = at.tokens;
  assert.deepEqual(await statuses(before), [200, 200, 200]);
  const rotated = cluster.command(0, 'key', 'rotate');
  assert.equal(rotated.status, 0, rotated.stderr);
  const after = cluster.token(at.demo.users[0], 0);
  const begun = performance.now();
  assert.notEqual(kid(after), kid(before));
  await until(() => all(after, 200), { what: 'that every node takes what the new key signed' });
  const taken = performance.now() - begun;
  assert.deepEqual(await statuses(before), [200, 200, 200], 'what the key before signed holds until it runs out');

  // As if the last token that it signed had run out: whoever sweeps next takes it away.
  cluster.postgres.query(`UPDATE signing_keys SET retired_at = 1 WHERE kid = '${kid(before)}'`, 'cluster');
  await cluster.nodes[0].stop();
  await cluster.serve(0);
  await until(() => cluster.postgres.query(`SELECT COUNT(*) FROM signing_keys WHERE kid = '${kid(before)}'`, 'cluster') === '0', { what: 'that it has ended' });
  const ended = performance.now();
  await until(() => all(before, 401), { what: 'that no node takes what it signed' });
  assert.deepEqual(await statuses(after), [200, 200, 200]);
  t.diagnostic(`measured a new key's token holds at all nodes after ${Math.round(taken)} ms; that of a key that has ended is refused by all after ${Math.round(performance.now() - ended)} ms`);
});
