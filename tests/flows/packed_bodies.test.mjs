// Bodies in gzip and deflate, over both APIs, and what they are held to.
import test from 'node:test';
import assert from 'node:assert/strict';
import zlib from 'node:zlib';
import { randomUUID } from 'node:crypto';
import { demoServer } from '../harness/server.mjs';
import { appToken, userToken, subscribe, notification } from '../harness/actors.mjs';

async function send(base, path, { token, unsid, coding, body, headers = {} }) {
  const all = { 'Content-Type': 'application/json', Authorization: `Bearer ${token}`, ...headers };
  if (coding) all['Content-Encoding'] = coding;
  if (unsid) all['X-UNS-ID'] = unsid;
  const answer = await fetch(base + path, { method: 'POST', headers: all, body });
  return { status: answer.status, headers: answer.headers, json: await answer.json() };
}

const packings = [
  ['identity', (text) => text],
  ['gzip', zlib.gzipSync],
  ['x-gzip', zlib.gzipSync],
  ['GZip', (text) => Buffer.concat([zlib.gzipSync(text.slice(0, 7)), zlib.gzipSync(text.slice(7))])],
  ['deflate', zlib.deflateSync],
  ['deflate', zlib.deflateRawSync],
];

test('packed bodies', async (t) => {
  const { server, demo, data } = await demoServer(t);
  const { base } = server;
  const token = await appToken(base, demo);
  const user = userToken(data, demo, demo.users[0]);
  const { unsid } = await subscribe(base, user);
  const post = (more) => send(base, '/beta/me/notifications', { token, unsid, ...more });

  await t.test('every coding posts and subscribes', async () => {
    for (const [coding, pack] of packings) {
      const wanted = notification(demo);
      const posted = await post({ coding, body: pack(JSON.stringify(wanted)) });
      assert.equal(posted.status, 201, `${coding}: ${JSON.stringify(posted.json)}`);
      assert.equal(posted.json.appNotificationId, wanted.appNotificationId);
      const made = await send(base, '/v1/feeds/me/subscriptions', { token: user, coding, body: pack(JSON.stringify({ deviceId: randomUUID() })) });
      assert.equal(made.status, 201, coding);
    }
  });

  await t.test('the same notification is the same however it is packed', async () => {
    const body = JSON.stringify(notification(demo));
    const headers = { 'Idempotency-Key': randomUUID() };
    const first = await post({ coding: 'gzip', body: zlib.gzipSync(body), headers });
    const second = await post({ coding: 'deflate', body: zlib.deflateSync(body), headers });
    const third = await post({ body, headers });
    assert.deepEqual([first.status, second.status, third.status], [201, 201, 201]);
    assert.equal(first.headers.get('Idempotent-Replayed'), null);
    assert.equal(second.headers.get('Idempotent-Replayed'), 'true');
    assert.equal(third.headers.get('Idempotent-Replayed'), 'true');
  });

  await t.test('one byte under each limit is read, one over is 413', async () => {
    const padded = (size) => ' '.repeat(size - 2) + '{}';
    const cases = [
      [zlib.gzipSync(padded(256 * 1024)), 'gzip', 400],
      [zlib.gzipSync(padded(256 * 1024 + 1)), 'gzip', 413],
      [padded(64 * 1024), undefined, 400],
      [padded(64 * 1024 + 1), undefined, 413],
      ['{"a":'.repeat(31) + '{}' + '}'.repeat(31), undefined, 400],
      ['{"a":'.repeat(32) + '{}' + '}'.repeat(32), undefined, 413],
    ];
    for (const [body, coding, status] of cases) {
      const answer = await post({ coding, body });
      assert.equal(answer.status, status, `${body.length} bytes, ${coding}`);
      assert.equal(answer.json.error.code, status === 413 ? 'requestTooLarge' : 'badRequest');
      const feed = await send(base, '/v1/feeds/me/subscriptions', { token: user, coding, body });
      assert.equal(feed.status, status, `${body.length} bytes, ${coding}`);
    }
  });

  await t.test('what is not as Content-Encoding says is 400, an unknown coding 415', async () => {
    const good = zlib.gzipSync('{}');
    const bad = [['gzip', good.subarray(0, -1)], ['gzip', Buffer.concat([good, Buffer.from('{}')])], ['gzip', '{}'], ['deflate', good]];
    for (const [coding, body] of bad) {
      const answer = await post({ coding, body });
      assert.equal(answer.status, 400);
      assert.equal(answer.json.error.innerError.code, 'invalidJson');
    }
    for (const coding of ['br', 'gzip, gzip', 'zstd']) assert.equal((await post({ coding, body: good })).status, 415, coding);
  });

  await t.test('a packed body is not even unpacked for whom it does not concern', async () => {
    assert.equal((await post({ token: 'nobody', coding: 'gzip', body: 'not gzip' })).status, 401);
  });
});
