// The unmodified Microsoft Graph client library and MSAL for Node, over TLS with the demo's own authority. Node reads
// NODE_EXTRA_CA_CERTS when it starts, so the client runs in a process of its own.
import test from 'node:test';
import assert from 'node:assert/strict';
import { demoServer } from '../harness/server.mjs';
import { subscribe, userToken } from '../harness/actors.mjs';
import { client } from './client.mjs';

test('msal-node gets a token with client credentials, and the Graph client posts, lists, patches and deletes with it', async (t) => {
  const { server, demo, data } = await demoServer(t, { tls: true });
  const device = await subscribe(server.base, userToken(data, demo, demo.users[0]), { deviceId: 'desk' });
  const done = await client(data, { kind: 'graph', base: server.tls, demo, unsid: device.unsid, userToken: userToken(data, demo, demo.users[0]) });
  assert.equal(done.posted.payload.visualContent.title, 'From the Graph client');
  assert.deepEqual(done.listed, [done.posted.id]);
  assert.equal(done.patched.userActionState, 'dismissed');
  assert.deepEqual(done.left, []);
  assert.equal(done.error.statusCode, 404);
  assert.equal(done.error.code, 'itemNotFound');
  assert.match(done.error.requestId, /^[0-9a-f-]{36}$/);
});

test('the Graph client sends batches: in order, side by side, and one whose member fails', async (t) => {
  const { server, demo, data } = await demoServer(t, { tls: true });
  const user = userToken(data, demo, demo.users[0]);
  const device = await subscribe(server.base, user, { deviceId: 'desk' });
  const done = await client(data, { kind: 'batch', base: server.tls, demo, unsid: device.unsid, userToken: user });
  const [posted, list, unknown, dependent] = done.inOrder;
  assert.equal(posted.status, 201);
  assert.equal(posted.location, `${server.tls}/beta/me/notifications/${posted.body.id}`);
  assert.deepEqual(list.body.value.map((n) => n.id), [posted.body.id]);
  assert.equal(unknown.status, 404);
  assert.equal(dependent.status, 424);
  assert.equal(dependent.body.error.code, 'failedDependency');
  assert.deepEqual(done.sideBySide.map((one) => one.status), Array(20).fill(201));
  assert.deepEqual([...done.listed].sort(), ['first', ...Array.from({ length: 20 }, (_, i) => `n${i}`)].sort());
  assert.deepEqual(done.refused, { statusCode: 400, code: 'badRequest' });
});

test('msal-node says what is wrong with a wrong secret', async (t) => {
  const { server, demo, data } = await demoServer(t, { tls: true });
  const done = await client(data, { kind: 'wrongSecret', base: server.tls, demo });
  assert.match(done.error, /invalid_client/);
});

test('code + PKCE with msal-node: the sign-in page in headless Chromium, then a silent refresh', async (t) => {
  const { server, demo, data } = await demoServer(t, { tls: true });
  const done = await client(data, { kind: 'signIn', base: server.tls, demo, user: demo.users[0] });
  assert.equal(done.username, demo.users[0].userPrincipalName);
  assert.equal(done.oid, demo.users[0].id);
  assert.match(done.scopes.join(' '), /Notifications\.ReadWrite\.CreatedByApp/i);
  assert.notEqual(done.refreshed, done.accessToken);
  assert.equal(done.me.id, demo.users[0].id);
  assert.match(done.wrongPassword, /wrong/);
  assert.match(done.reused, /invalid_grant/);
});
