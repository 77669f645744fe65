// Input made to cost: beyond every limit by one, JSON that is deep, wide or broken, compression bombs. The answer is a refusal, quickly,
// and the server is as large as before.
import test from 'node:test';
import assert from 'node:assert/strict';
import zlib from 'node:zlib';
import { demoServer } from '../harness/server.mjs';
import { appToken, userToken, subscribe, notification } from '../harness/actors.mjs';
import { Raw, request, residentKb, cpuMs, spread } from '../harness/raw.mjs';

const pad = (text, size) => text + 'x'.repeat(size - text.length);

test('hostile input', async (t) => {
  const { server, demo, data } = await demoServer(t);
  const pid = server.child.pid;
  const token = await appToken(server.base, demo);
  const { unsid } = await subscribe(server.base, userToken(data, demo, demo.users[0]));
  const who = { Authorization: `Bearer ${token}`, 'X-UNS-ID': unsid, 'Content-Type': 'application/json' };
  const times = [];
  // The status that these bytes are answered with, on a connection of their own.
  const answer = async (bytes) => {
    const raw = await Raw.open(server.base);
    const begun = performance.now();
    raw.say(bytes);
    const status = await raw.status();
    times.push(performance.now() - begun);
    raw.end();
    return status;
  };
  const post = (body, headers = {}) => answer(Buffer.concat([Buffer.from(request('POST /beta/me/notifications', { ...who, 'Content-Length': Buffer.byteLength(body), ...headers })), Buffer.from(body)]));
  const packed = (text) => post(zlib.gzipSync(text, { level: 9 }), { 'Content-Encoding': 'gzip' });
  const posted = (more = '') => JSON.stringify(notification(demo)).replace(/}$/, `${more}}`);
  const alive = async () => assert.equal(await post(posted()), 201);
  await alive();
  const memory = residentKb(pid);

  await t.test('one under each limit of the head is served, one over is refused', async () => {
    const line = (size) => pad('GET /healthz?', size - ' HTTP/1.1'.length);
    const fields = (count, name = 'X') => Object.fromEntries(Array.from({ length: count }, (_, i) => [`${name}-${i}`, 'y']));
    const head = (size) => ({ 'X-Long': 'y'.repeat(size - 'Host: localhost\r\nX-Long: \r\n'.length) });
    for (const [bytes, status] of [
      [request(line(8192)), 200], [request(line(8193)), 414],
      [request('GET /healthz', fields(99)), 200], [request('GET /healthz', fields(100)), 431],
      [request('GET /healthz', head(16384)), 200], [request('GET /healthz', head(16385)), 431],
    ]) assert.equal(await answer(bytes), status, `${bytes.length} bytes`);
  });

  await t.test('one under each limit of the body is read, one over is refused', async () => {
    assert.equal(await post(`${posted()}${' '.repeat(64 * 1024 - posted().length)}`), 201);
    assert.equal(await post(`${posted()}${' '.repeat(64 * 1024 + 1 - posted().length)}`), 413);
    assert.equal(await post(' '.repeat(1024 * 1024 + 1)), 413);
    const chunked = { 'Content-Length': undefined, 'Transfer-Encoding': 'chunked' };
    const headers = Object.entries({ ...who, ...chunked }).filter(([, value]) => value);
    assert.equal(await answer(request('POST /beta/me/notifications', Object.fromEntries(headers), '100001\r\n')), 413);
    assert.equal(await packed(`${posted()}${' '.repeat(256 * 1024 - posted().length)}`), 201);
    assert.equal(await packed(`${posted()}${' '.repeat(256 * 1024 + 1 - posted().length)}`), 413);
  });

  await t.test('deep, wide and broken JSON is refused', async () => {
    const nested = (depth) => posted(`,"more":${'['.repeat(depth)}${']'.repeat(depth)}`);
    assert.equal(await post(nested(31)), 201);
    assert.equal(await post(nested(32)), 413);
    assert.equal(await packed('['.repeat(100_000)), 413);
    assert.equal(await packed('{"a":'.repeat(40_000)), 413);
    const keys = (count) => `{${Array.from({ length: count }, (_, i) => `"${i.toString(36)}":1`).join(',')}}`;
    assert.equal(await packed(keys(1_000_000)), 413);
    assert.equal(await packed(keys(25_000)), 400);
    assert.equal(await packed(`{${'"a":1,'.repeat(40_000)}"a":1}`), 400);
    for (const number of ['1e999', '-1e999', '9'.repeat(1000), '1'.repeat(60_000), '1e', '0x10', '01', '.5', 'NaN', 'Infinity'])
      assert.equal(await post(posted().replace('{', `{"displayTimeToLive":${number},`)), 400, number.slice(0, 10));
    for (const bytes of [[0xff], [0xc0, 0x80], [0xed, 0xa0, 0x80], [0xf4, 0x90, 0x80, 0x80], [0xe2, 0x82]])
      assert.equal(await post(Buffer.concat([Buffer.from('{"targetHostName":"'), Buffer.from(bytes), Buffer.from('"}')])), 400, String(bytes));
    for (const text of ['{"a":1,"a":2}', '{"a":{"b":1,"b":1}}', '{"a":"\\u0000"}', '{"a":"\\ud800"}', '[]', '1', '', '{}{}', '{"a":1,}', "{'a':1}", '\ufeff{}'])
      assert.equal(await post(text), 400, text);
  });

  await t.test('compression bombs cost no more than the limit', async () => {
    const zeros = Buffer.alloc(10 * 1024 * 1024);
    const bomb = zlib.gzipSync(zeros, { level: 9 });
    const members = Buffer.concat(Array.from({ length: 6 }, () => bomb));
    const nested = zlib.gzipSync(bomb, { level: 9 });
    const begun = cpuMs(pid);
    for (let i = 0; i < 20; ++i) {
      assert.equal(await post(bomb, { 'Content-Encoding': 'gzip' }), 413);
      assert.equal(await post(members, { 'Content-Encoding': 'gzip' }), 413);
      assert.equal(await post(zlib.deflateRawSync(zeros, { level: 9 }), { 'Content-Encoding': 'deflate' }), 413);
      assert.equal(await post(nested, { 'Content-Encoding': 'gzip' }), 400);
      assert.equal(await post(nested, { 'Content-Encoding': 'gzip, gzip' }), 415);
    }
    t.diagnostic(`measured a bomb of ${bomb.length} bytes costs ${((cpuMs(pid) - begun) / 100).toFixed(1)} ms of CPU`);
  });

  await alive();
  const more = residentKb(pid) - memory;
  const { p50, p99, worst } = spread(times);
  t.diagnostic(`measured ${times.length} hostile requests answered in ${p50} ms (p99 ${p99}, worst ${worst}); ${more} kB more resident`);
  assert.ok(more < 64 * 1024, `${more} kB more resident`);
});
