// A full disk in the middle of a group: 503 with Retry-After, nothing half-written, no false 201, well again by itself.
import test from 'node:test';
import assert from 'node:assert/strict';
import path from 'node:path';
import { statfsSync, writeFileSync, rmSync, mkdirSync } from 'node:fs';
import { spawnSync } from 'node:child_process';
import { temporaryFolder, initDemo, Server, until } from '../harness/server.mjs';
import { appToken, call, notification, subscribe, userToken } from '../harness/actors.mjs';

test('a full disk answers 503, keeps what it promised, and is over when there is room', { timeout: 300_000 }, async (t) => {
  const folder = temporaryFolder();
  let ending = async () => {};
  const disk = path.join(folder, 'disk');
  mkdirSync(disk);
  const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=24m', 'tmpfs', disk]).status === 0;
  t.after(async () => { await ending(); spawnSync('umount', [disk]); rmSync(folder, { recursive: true, force: true }); });
  if (!mounted) return t.skip('a small file system cannot be mounted here; the driver test covers a full store');
  const data = path.join(disk, 'data');
  const demo = initDemo(data);
  const server = await Server.start(data);
  ending = () => server.kill();
  const app = await appToken(server.base, demo);
  const token = userToken(data, demo, demo.users[0]);
  const device = await subscribe(server.base, token);
  const room = statfsSync(disk);
  const ballast = path.join(disk, 'ballast');
  writeFileSync(ballast, Buffer.alloc(Math.max(0, room.bavail * room.bsize - 768 * 1024)));

  const kept = [];
  let refused = 0;
  const post = async (n) => {
    const answer = await call(server.base, 'POST', '/beta/me/notifications', { token: app, unsid: device.unsid, body: notification(demo, { appNotificationId: `n${n}`, payload: { rawContent: 'x'.repeat(15_000) } }) });
    if (answer.status === 201) return kept.push(answer.json.id);
    assert.equal(answer.status, 503, answer.raw);
    assert.match(answer.headers.get('retry-after') ?? '', /^\d+$/);
    refused++;
  };
  for (let round = 0; round < 40 && refused < 16; round++) await Promise.all(Array.from({ length: 16 }, (_, i) => post(round * 16 + i)));
  assert.ok(refused > 0, 'the disk became full');
  const during = await call(server.base, 'GET', `/v2/feeds/me/views/${device.id}/activities`, { token });
  assert.equal(during.status, 200, during.raw);
  assert.deepEqual(new Set(during.json.activities.map((x) => x.id)), new Set(kept), 'exactly what was answered 201 is there');

  rmSync(ballast);
  await until(async () => (await call(server.base, 'POST', '/beta/me/notifications', { token: app, unsid: device.unsid, body: notification(demo, { appNotificationId: 'after' }) })).status === 201, { what: 'posting again', seconds: 30 });
  const { status } = await server.stop();
  assert.equal(status, 0, server.log);
  const again = await Server.start(data, { listen: new URL(server.base).host });
  ending = () => again.kill();
  const view = await call(again.base, 'GET', `/v2/feeds/me/views/${device.id}/activities`, { token });
  for (const id of kept) assert.ok(view.json.activities.some((x) => x.id === id), `${id} is lost`);
  t.diagnostic(`${kept.length} kept, ${refused} refused`);
});
