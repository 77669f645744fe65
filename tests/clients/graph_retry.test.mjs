// The unmodified Graph client library over TLS: pages, changes, errors; and what it repeats after a 429, and after a 503
// that followed a commit, is one notification, one version, one alert.
import test from 'node:test';
import assert from 'node:assert/strict';
import { demoServer } from '../harness/server.mjs';
import { demoBehindProxy } from '../harness/proxy.mjs';
import { call, Live, notification, subscribe, userToken } from '../harness/actors.mjs';
import { client } from './client.mjs';

const guid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

test('PageIterator walks all pages and takes up the delta link', async (t) => {
  const { server, demo, data } = await demoServer(t, { tls: true });
  const token = userToken(data, demo, demo.users[0]);
  for (let i = 0; i < 25; i++) await call(server.base, 'POST', '/beta/me/notifications', { token, body: notification(demo) });
  const done = await client(data, { kind: 'paging', base: server.tls, demo, userToken: token });
  assert.deepEqual([done.count, done.page, new Set(done.listed).size], [25, 10, 25]);
  assert.deepEqual(new Set(done.synced), new Set(done.listed));
  assert.deepEqual(done.changed.map((n) => [n.id, n.userActionState ?? n['@removed'].reason]), [[done.dismissed, 'dismissed'], [done.removed, 'deleted']]);
  assert.deepEqual(done.nothing, []);
});

test('a GraphError has every field', async (t) => {
  const { server, demo, data } = await demoServer(t, { tls: true });
  const done = await client(data, { kind: 'errors', base: server.tls, demo, userToken: userToken(data, demo, demo.users[0]) });
  const expected = { badProperty: [400, 'badRequest'], unknown: [404, 'itemNotFound'], badToken: [401, 'InvalidAuthenticationToken'], forbidden: [403, 'accessDenied'], badDelta: [400, 'badRequest'] };
  for (const [name, [statusCode, code]] of Object.entries(expected)) {
    const error = done[name];
    assert.deepEqual([error.name, error.statusCode, error.code], ['GraphError', statusCode, code], name);
    assert.match(error.requestId, guid);
    assert.ok(Math.abs(new Date(error.date) - Date.now()) < 86_400_000, error.date);
    assert.ok(error.message.length > 10);
    assert.equal(error.body.innerError['request-id'], error.requestId);
  }
});

async function repeated(t, interfere) {
  const { server, demo, data, proxy } = await demoBehindProxy(t);
  const token = userToken(data, demo, demo.users[0]);
  const device = await subscribe(server.base, token, { deviceId: 'desk' });
  const live = await Live.open(server.base, token, { etag: device.partialSyncToken });
  t.after(() => live.close());
  const posts = () => proxy.seen.filter((r) => r.method === 'POST');
  proxy.interfere = async (request, forward) => interfere(posts().length, forward);
  const body = notification(demo);
  const done = await client(data, { kind: 'post', base: proxy.url, demo, userToken: token, unsid: device.unsid, body });
  // Whatever the repeated post did comes before this one.
  const after = await call(server.base, 'POST', '/beta/me/notifications', { token, body: notification(demo) });
  await live.next((m) => m.newETag === after.headers.get('x-new-etag'));
  assert.equal(posts().length, 2);
  assert.equal(posts()[1].headers['retry-attempt'], '1');
  assert.equal(posts()[1].headers['client-request-id'], posts()[0].headers['client-request-id']);
  assert.deepEqual(posts()[1].body, posts()[0].body);
  const told = live.signals().flatMap((s) => s.activities).filter((a) => a.id === done.id);
  assert.equal(done.contentVersion, 1);
  assert.deepEqual(told.map((a) => [a.contentVersion, a.alert]), [[1, undefined]], 'told once, alerting');
  assert.equal(live.signals().length, 2, 'a version each');
  return live.signals();
}

test('after a 429 it waits and posts again', async (t) => {
  await repeated(t, (attempt, forward) => (attempt > 1 ? forward() : { status: 429, headers: { 'Retry-After': '1', 'Content-Type': 'application/json' }, body: '{"error":{"code":"activityLimitReached","message":"slowly"}}' }));
});

test('after a 503 that followed the commit its repetition changes nothing', async (t) => {
  await repeated(t, async (attempt, forward) => {
    const answer = await forward();
    assert.equal(answer.status, 201);
    if (attempt > 1) return answer;
    return { status: 503, headers: { 'Retry-After': '0', 'Content-Type': 'application/json' }, body: '{"error":{"code":"serviceNotAvailable","message":"gone"}}' };
  });
});
