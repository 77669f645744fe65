// Isolation, without exception: every route, asked by another user or another application, answers as for something that does
// not exist, byte for byte but for request ids and dates; the wrong scope is 403, an ended UNSID as the documents say.
import test from 'node:test';
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { demoServer, run } from '../harness/server.mjs';
import { appToken, call, notification, subscribe, userToken } from '../harness/actors.mjs';

// Each row: what is asked, with {id}, {unsid}, {sub}, {appId} in place of names.
const delegated = [
  ['GET', '/beta/me/notifications/{id}'],
  ['PATCH', '/beta/me/notifications/{id}', { readState: 'read' }],
  ['DELETE', '/beta/me/notifications/{id}'],
  ['GET', "/beta/me/notifications('{id}')"],
  ['GET', '/beta/me/activities/{id}'],
  ['GET', '/v1.0/me/notifications/{id}'],
  ['GET', '/beta/me/notifications', undefined, { 'X-UNS-ID': '{unsid}' }],
  ['GET', '/beta/me/notifications/$count', undefined, { 'X-UNS-ID': '{unsid}' }],
  ['GET', '/beta/me/notifications/delta', undefined, { 'X-UNS-ID': '{unsid}' }],
  ['POST', '/beta/me/notifications/markAllRead', undefined, { 'X-UNS-ID': '{unsid}' }],
  ['POST', '/beta/me/notifications/dismissAll', {}, { 'X-UNS-ID': '{unsid}' }],
  ['POST', '/beta/me/notifications/stream/tickets', {}, { 'X-UNS-ID': '{unsid}' }],
  ['GET', '/beta/me/notifications/stream?subscription={sub}', undefined, { Accept: 'text/event-stream' }],
  ['GET', '/v1/feeds/me/subscriptions/{sub}'],
  ['GET', '/v1/feeds/me/subscriptions/{unsid}'],
  ['DELETE', '/v1/feeds/me/subscriptions/{sub}'],
  ['DELETE', '/v1/feeds/me/subscriptions/{unsid}'],
  ['GET', '/v2/feeds/me/views/{sub}/activities'],
  ['GET', '/v2/feeds/me/views/{unsid}/activities'],
  ['GET', '/v2/feeds/me/views/{sub}/stream', undefined, { Accept: 'text/event-stream' }],
  ['POST', '/v2/feeds/me/views/{sub}/stream/tickets', {}],
  ['GET', '/v2/feeds/me/activities/{id}'],
  ['PATCH', '/v2/feeds/me/activities/{id}', { read: true }],
  ['DELETE', '/v2/feeds/me/activities/{id}'],
  ['PATCH', '/v2/feeds/me/activities/{appId}', { read: true }],
];
const appOnly = [
  ['POST', '/beta/me/notifications', 'post', { 'X-UNS-ID': '{unsid}' }],
  ['GET', '/beta/me/notifications/{id}', undefined, { 'X-UNS-ID': '{unsid}' }],
  ['PATCH', '/beta/me/notifications/{id}', { priority: 'Low' }, { 'X-UNS-ID': '{unsid}' }],
  ['DELETE', '/beta/me/notifications/{id}', undefined, { 'X-UNS-ID': '{unsid}' }],
];

const fill = (text, names) => text.replace(/\{(\w+)\}/g, (whole, name) => names[name] ?? whole);

// What an answer says, without what differs from request to request; the names asked for count as one.
function essence(answer, names) {
  let raw = answer.raw;
  for (const value of Object.values(names)) raw = raw.replaceAll(value, '<name>');
  raw = raw.replace(/"(request-id|client-request-id|date)":"[^"]*"/g, '"$1":"…"');
  const headers = [...answer.headers].filter(([name]) => !['date', 'request-id', 'client-request-id', 'content-length', 'x-request-id'].includes(name)).map(([name, value]) => [name, Object.values(names).reduce((v, n) => v.replaceAll(n, '<name>'), value)]);
  return { status: answer.status, raw, headers };
}

async function ask(base, [method, path, body, headers = {}], token, names, demo) {
  const filled = Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, fill(value, names)]));
  return call(base, method, fill(path, names), { token, headers: filled, body: body === 'post' ? notification(demo, { appNotificationId: 'x' }) : body });
}

// An application of its own with a cross-device app of its own, as another team of the same company would have.
function otherApplication(data, host) {
  const json = (...args) => { const done = run([...args, '--data', data, '--json']); assert.equal(done.status, 0, done.stderr); return JSON.parse(done.stdout); };
  const app = json('app', 'add', '--name', 'Other');
  const secret = json('app', 'add-secret', app.clientId);
  json('cross-device', 'add', host, '--member', app.clientId, '--allow-unverified');
  return { clientId: app.clientId, clientSecret: secret.clientSecret, host };
}

test('another user and another application see what is not there', async (t) => {
  const { server, demo, data } = await demoServer(t);
  const [alice, bob] = demo.users;
  const app = await appToken(server.base, demo);
  const token = userToken(data, demo, alice);
  const device = await subscribe(server.base, token);
  const posted = await call(server.base, 'POST', '/beta/me/notifications', { token: app, unsid: device.unsid, body: notification(demo, { appNotificationId: 'the-very-first' }) });
  assert.equal(posted.status, 201, posted.raw);
  const real = { id: posted.json.id, unsid: device.unsid, sub: device.id, appId: 'the-very-first' };
  const made = await subscribe(server.base, userToken(data, demo, bob));
  const forged = made.unsid.slice(0, -6) + (made.unsid.endsWith('AAAAAA') ? 'BBBBBB' : 'AAAAAA');
  const unknown = { id: randomUUID(), unsid: forged, sub: randomUUID(), appId: 'never-was' };

  const other = otherApplication(data, 'other.example');
  const strangers = {
    'another user': { token: userToken(data, demo, bob), rows: delegated },
    'another application': { token: userToken(data, demo, alice, { clientId: other.clientId }), rows: delegated },
    'another app server': { token: await appToken(server.base, { ...demo, appService: other }), rows: appOnly },
  };
  for (const [who, { token: stranger, rows }] of Object.entries(strangers))
    for (const row of rows)
      await t.test(`${who}: ${row[0]} ${row[1]}`, async () => {
        const about = essence(await ask(server.base, row, stranger, real, demo), real);
        const nothing = essence(await ask(server.base, row, stranger, unknown, demo), unknown);
        assert.deepEqual(about, nothing);
        assert.ok(about.status >= 400, `answered ${about.status}: ${about.raw}`);
      });
  await t.test('and nothing of it was changed', async () => {
    const after = await call(server.base, 'GET', `/beta/me/notifications/${real.id}`, { token });
    assert.equal(after.json['@odata.etag'], posted.json['@odata.etag']);
  });
});

test('the wrong scope is refused on every route, in the shape of its API', async (t) => {
  const { server, demo, data } = await demoServer(t);
  const token = userToken(data, demo, demo.users[0]);
  const device = await subscribe(server.base, token);
  const names = { id: randomUUID(), unsid: device.unsid, sub: device.id, appId: 'x' };
  const wrong = userToken(data, demo, demo.users[0], { scope: 'User.Read' });
  for (const row of [...delegated, ['GET', '/v1/feeds/me/subscriptions'], ['POST', '/v1/feeds/me/subscriptions', { deviceId: 'd' }], ['POST', '/beta/me/notifications', 'post']])
    await t.test(`${row[0]} ${row[1]}`, async () => {
      const answer = await ask(server.base, row, wrong, names, demo);
      assert.equal(answer.status, 403, answer.raw);
      if (row[1].includes('/feeds/')) assert.equal(answer.json.errorCode, 20004);
      else assert.equal(answer.json.error.innerError.code, 'scopeMissing');
    });
});

test('no token, or one that is not ours, is 401 on every route', async (t) => {
  const { server, demo } = await demoServer(t);
  const names = { id: randomUUID(), unsid: 'x', sub: randomUUID(), appId: 'x' };
  for (const row of [...delegated, ...appOnly])
    await t.test(`${row[0]} ${row[1]}`, async () => {
      for (const token of [undefined, 'not.a.token']) {
        const answer = await ask(server.base, row, token, names, demo);
        assert.equal(answer.status, 401, answer.raw);
        assert.match(answer.headers.get('www-authenticate'), /^Bearer /);
      }
    });
});

test('no token is a ticket, and no ticket that is none tells why', async (t) => {
  const { server, demo, data } = await demoServer(t);
  const device = await subscribe(server.base, userToken(data, demo, demo.users[0]));
  const tokens = [userToken(data, demo, demo.users[0]), userToken(data, demo, demo.users[1]), await appToken(server.base, demo)];
  for (const method of ['GET', 'POST']) {
    const answers = [];
    for (const authorization of [...tokens.flatMap((token) => [`Bearer ${token}`, `Ticket ${token}`]), `Ticket ${device.unsid}`, `Ticket ${'A'.repeat(131)}`, 'Ticket x', 'Ticket'])
      answers.push(essence(await call(server.base, method, '/beta/notifications/ticket', { headers: { Authorization: authorization }, body: method === 'POST' ? { readState: 'read' } : undefined }), {}));
    assert.equal(answers[0].status, 401, answers[0].raw);
    for (const answer of answers) assert.deepEqual(answer, answers[0]);
  }
});

test('an ended UNSID: the app server is told where else the user is, or that nobody is left', async (t) => {
  const { server, demo, data } = await demoServer(t);
  const app = await appToken(server.base, demo);
  const token = userToken(data, demo, demo.users[0]);
  const first = await subscribe(server.base, token, { deviceId: 'first' });
  const second = await subscribe(server.base, token, { deviceId: 'second' });
  assert.equal((await call(server.base, 'DELETE', `/v1/feeds/me/subscriptions/${first.unsid}`, { token })).status, 200);
  const replaced = await call(server.base, 'POST', '/beta/me/notifications', { token: app, unsid: first.unsid, body: notification(demo) });
  assert.equal(replaced.status, 201, replaced.raw);
  assert.equal(replaced.headers.get('x-uns-id'), second.unsid);
  await call(server.base, 'DELETE', `/v1/feeds/me/subscriptions/${second.id}`, { token });
  const gone = await call(server.base, 'POST', '/beta/me/notifications', { token: app, unsid: first.unsid, body: notification(demo) });
  assert.equal(gone.status, 410, gone.raw);
  assert.deepEqual([gone.json.error.code, gone.json.error.innerError.code], ['subscriptionEnded', 'unsubscribed']);
  const recalled = await call(server.base, 'DELETE', `/beta/me/notifications/${replaced.json.id}`, { token: app, unsid: first.unsid });
  assert.equal(recalled.status, 204, recalled.raw);
  const view = await call(server.base, 'GET', `/v2/feeds/me/views/${first.id}/activities`, { token });
  assert.equal(view.status, 410, view.raw);
  assert.equal(view.json.errorCode, 30003);
  const back = await subscribe(server.base, token, { deviceId: 'first' });
  assert.deepEqual([back.status, back.id, back.unsid], [200, first.id, first.unsid]);
});

test('a channel has one owner: the phone that changes hands', async (t) => {
  const { server, demo, data } = await demoServer(t);
  const [alice, bob] = demo.users;
  const app = await appToken(server.base, demo);
  const channel = { crossPlatformChannelData: { platformType: 'fcm', pushToken: 'token-of-the-one-phone', appPackageName: demo.crossDeviceApp.hostName } };
  const hers = await subscribe(server.base, userToken(data, demo, alice), { deviceId: 'phone', ...channel });
  const his = await subscribe(server.base, userToken(data, demo, bob), { deviceId: 'phone', ...channel });
  assert.equal(his.status, 201);
  const gone = await call(server.base, 'POST', '/beta/me/notifications', { token: app, unsid: hers.unsid, body: notification(demo) });
  assert.equal(gone.status, 410, gone.raw);
  assert.match(gone.raw, /channelMoved/);
});
