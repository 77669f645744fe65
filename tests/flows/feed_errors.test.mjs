// Every error number of the feed API that transcripts cannot bring about.
import test from 'node:test';
import assert from 'node:assert/strict';
import { request } from 'node:http';
import { demoServer, run } from '../harness/server.mjs';
import { appToken, call, subscribe, userToken } from '../harness/actors.mjs';

function refused(answer, status, errorCode) {
  assert.deepEqual([answer.status, answer.json?.errorCode], [status, errorCode], answer.raw);
  assert.equal(typeof answer.json.errorMessage, 'string');
}

test('10003: several cross-device apps and none named are listed; a name that matches decides', async (t) => {
  const { server, demo, data } = await demoServer(t);
  const admin = (...args) => { const done = run([...args, '--data', data, '--json']); assert.equal(done.status, 0, done.stderr); };
  admin('cross-device', 'add', 'other.example.com', '--allow-unverified', '--member', demo.clientApp.clientId);
  const token = userToken(data, demo, demo.users[0]);
  const create = (body) => call(server.base, 'POST', '/v1/feeds/me/subscriptions', { token, body });
  const unnamed = await create({ deviceId: 'd' });
  refused(unnamed, 400, 10003);
  for (const host of ['other.example.com', demo.crossDeviceApp.hostName]) assert.ok(unnamed.json.errorMessage.includes(host), unnamed.raw);
  refused(await create({ deviceId: 'd', applicationId: 'nobody.example' }), 400, 10003);
  const named = [{ applicationId: 'OTHER.example.com' }, { crossPlatformChannelData: { appPackageName: 'other.example.com' } }, { publisherFilters: [{ application: 'other.example.com' }] }];
  for (const more of named) assert.ok((await create({ deviceId: 'd', ...more })).status < 300, JSON.stringify(more));
  const hosts = [demo.crossDeviceApp.hostName, 'other.example.com'];
  for (const host of hosts) {
    const posted = await call(server.base, 'POST', '/beta/me/notifications', { token, body: { targetHostName: host, appNotificationId: 'in both', payload: { rawContent: 'x' } } });
    assert.equal(posted.status, 201, posted.raw);
  }
  refused(await call(server.base, 'PATCH', '/v2/feeds/me/activities/in%20both', { token, body: { read: true } }), 400, 10003);
  const { unsid } = await subscribe(server.base, token, { deviceId: 'd', host: 'other.example.com' });
  assert.equal((await call(server.base, 'PATCH', '/v2/feeds/me/activities/in%20both', { token, unsid, body: { read: true } })).status, 200);
});

test('20004 and 20005: a scope is missing, a user is blocked', async (t) => {
  const { server, demo, data } = await demoServer(t);
  const [alice] = demo.users;
  const list = (token) => call(server.base, 'GET', '/v1/feeds/me/subscriptions', { token });
  refused(await list(userToken(data, demo, alice, { scope: 'User.Read' })), 403, 20004);
  refused(await list(await appToken(server.base, demo)), 403, 20004);
  const token = userToken(data, demo, alice);
  assert.equal((await list(token)).status, 200);
  assert.equal(run(['user', 'block', alice.userPrincipalName, '--data', data]).status, 0);
  refused(await list(token), 403, 20005);
});

test('10013 and 10021: a body over the limit, a host that is not ours', async (t) => {
  const { server, demo, data } = await demoServer(t);
  const token = userToken(data, demo, demo.users[0]);
  refused(await call(server.base, 'POST', '/v1/feeds/me/subscriptions', { token, body: { deviceId: 'x'.repeat(80_000) } }), 413, 10013);
  const raw = await new Promise((resolve, reject) => {
    request(`${server.base}/v1/feeds/me/subscriptions`, { headers: { Host: 'elsewhere.example', Authorization: `Bearer ${token}` } }, async (answer) => {
      let text = '';
      for await (const chunk of answer) text += chunk;
      resolve({ status: answer.statusCode, json: JSON.parse(text), raw: text });
    }).on('error', reject).end();
  });
  refused(raw, 421, 10021);
});
