// A hundred readers that take ten bytes a second while 2,000 changes arrive: what each costs the server, and that it then
// gets what it missed as one "fetch".
import test from 'node:test';
import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { readFileSync } from 'node:fs';
import { demoServer, until } from '../harness/server.mjs';
import { appToken, call, notification, subscribe, userToken } from '../harness/actors.mjs';

const readers = 100, changes = 2_000;
const writers = 8;  // what they change together fits into one signal

const small = Buffer.alloc(10), large = Buffer.alloc(64 * 1024);  // each is copied from at once

// A WebSocket that is read through a buffer of ten bytes, so that nothing is taken that was not asked for.
class SlowReader {
  static open(base, path, token) {
    const reader = new SlowReader();
    reader.bytes = [];
    reader.fast = true;
    const { hostname, port } = new URL(base);
    return new Promise((resolve, reject) => {
      reader.opened = resolve;
      reader.socket = connect({ host: hostname, port: Number(port), onread: { buffer: () => (reader.fast && !reader.opened ? large : small), callback: (count, buffer) => reader.#take(buffer.subarray(0, count)) } });
      reader.socket.on('error', reject);
      reader.socket.on('close', () => { clearInterval(reader.timer); reject(new Error('closed')); });
      reader.socket.write(`GET ${path} HTTP/1.1\r\nHost: ${hostname}:${port}\r\nAuthorization: Bearer ${token}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n`);
    });
  }

  // False: no more before resume().
  #take(chunk) {
    this.bytes.push(Buffer.from(chunk));
    if (this.opened && Buffer.concat(this.bytes).includes('\r\n\r\n')) {
      this.opened(this);
      this.opened = undefined;
      this.fast = false;
      this.timer = setInterval(() => this.socket.resume(), 1_000);
    }
    return this.fast;
  }

  hurry() { this.fast = true; clearInterval(this.timer); this.socket.resume(); }

  messages() {
    const all = Buffer.concat(this.bytes);
    const found = [];
    let at = all.indexOf('\r\n\r\n') + 4;
    while (at + 2 <= all.length) {
      let size = all[at + 1], start = at + 2;
      if (size === 126) { size = all.readUInt16BE(start); start += 2; }
      if (start + size > all.length) break;
      found.push(JSON.parse(all.subarray(start, start + size).toString()));
      at = start + size;
    }
    this.bytes = [all];
    return found.filter((m) => m.changeType);
  }
}

const residentBytes = (server) => Number(readFileSync(`/proc/${server.child.pid}/status`, 'utf8').match(/VmRSS:\s*(\d+) kB/)[1]) * 1024;

test(`${readers} readers at 10 bytes/s cost little while ${changes} changes arrive, and then get one notification`, { timeout: 600_000 }, async (t) => {
  const { server, demo, data } = await demoServer(t, { env: { HELIOGRAPH_LIMITS_CONNECTIONS_PER_USER: '1000' } });
  const { base } = server;
  const token = userToken(data, demo, demo.users[0]);
  const app = await appToken(base, demo);
  const device = await subscribe(base, token, { deviceId: 'desk' });
  let last;
  const change = async (i) => {
    const body = notification(demo, { appNotificationId: `n${i % 500}`, payload: { rawContent: 'x'.repeat(300) } });
    const answer = await call(base, 'POST', '/beta/me/notifications', { token: app, unsid: device.unsid, body });
    assert.equal(answer.status, 201, answer.raw);
    last = answer.headers.get('x-new-etag');
  };
  const flood = async () => {
    let next = 0;
    await Promise.all(Array.from({ length: writers }, async () => { while (next < changes) await change(next++); }));
    await change(0);
  };

  await flood();  // so that what the server keeps for itself is not taken for theirs
  const open = await Promise.all(Array.from({ length: readers }, () => SlowReader.open(base, '/beta/me/notifications/stream', token)));
  t.after(() => open.forEach((reader) => reader.socket.destroy()));
  const before = residentBytes(server);
  await flood();
  const cost = (residentBytes(server) - before) / readers;
  t.diagnostic(`measured ${(cost / 1000).toFixed(1)} kB of resident memory a reader at 10 bytes/s`);
  assert.ok(cost <= 16_000, `${cost} bytes a reader`);

  for (const reader of open) reader.hurry();
  for (const reader of open) {
    const signals = await until(() => { const all = reader.messages(); return all.at(-1)?.newETag === last && all; }, { what: 'the last signal', seconds: 120 });
    assert.deepEqual(signals.filter((s) => s.changeType === 'afsChangeNotification').map((s) => s.newETag), [last]);
    for (let i = 1; i < signals.length; i++) assert.equal(signals[i].baseETag, signals[i - 1].newETag);
  }
});
