// kill -9 at random moments under 16 writers: what was answered 201 is there, versions have no gap, a live reader misses nothing.
import test from 'node:test';
import assert from 'node:assert/strict';
import { openSync, writeSync, fdatasyncSync, closeSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { randomUUID } from 'node:crypto';
import { temporaryFolder, initDemo, Server } from '../harness/server.mjs';
import { appToken, call, Live, notification, subscribe, userToken } from '../harness/actors.mjs';

const kills = Number(process.env.KILLS ?? 25);
const writers = 16;

test(`${kills} kills under ${writers} writers lose no answered 201`, { timeout: 600_000 }, async (t) => {
  const folder = temporaryFolder(t);
  const data = path.join(folder, 'data');
  const demo = initDemo(data);
  let server = await Server.start(data);
  t.after(() => server.kill());
  const port = new URL(server.base).port;
  const base = server.base;
  const app = await appToken(base, demo);
  // Several feeds, so that none comes near its cap and the writers meet in groups.
  const token = userToken(data, demo, demo.users[0]);
  const device = await subscribe(base, token, { deviceId: 'reader' });
  const away = userToken(data, demo, demo.users[1]);
  const awayDevice = await subscribe(base, away, { deviceId: 'away' });

  // An answer counts once its line is on disk.
  const journal = openSync(path.join(folder, 'journal'), 'a');
  let stop = false, unanswered = 0, posts = 0;
  const write = async (n) => {
    for (let i = 0; !stop; i++) {
      // A hundred names each: replacements as well as new ones, well under the feed's cap.
      const body = notification(demo, { appNotificationId: `w${n}-${i % 55}`, payload: { rawContent: randomUUID() } });
      const answer = await call(base, 'POST', '/beta/me/notifications', { token: app, unsid: n % 2 ? device.unsid : awayDevice.unsid, body }).catch(() => null);
      if (answer?.status === 201) {
        writeSync(journal, JSON.stringify({ id: answer.json.id, raw: body.payload.rawContent, contentVersion: answer.json.contentVersion, away: n % 2 === 0 }) + '\n');
        fdatasyncSync(journal);
        posts++;
      } else {
        if (answer && answer.status !== 503) assert.fail(`${answer.status}: ${answer.raw}`);
        unanswered++;
        await new Promise((resolve) => setTimeout(resolve, 5));
      }
    }
  };

  // The live reader: comes back after each kill with the last etag it holds.
  let etag = device.partialSyncToken, signals = 0, restarts = 0;
  const broken = [];
  const read = async () => {
    while (!stop) {
      const live = await Live.open(base, token, { subscription: device.id, etag }).catch(() => null);
      if (!live) { await new Promise((resolve) => setTimeout(resolve, 10)); continue; }
      let handled = 0;
      const take = () => {
        for (; handled < live.messages.length; handled++) {
          const message = live.messages[handled];
          if (!message.changeType) continue;
          if (message.baseETag !== etag) broken.push([etag, message.baseETag]);
          etag = message.newETag;
          signals++;
        }
      };
      while (!stop && !live.closeEvent) { await Promise.race([live.closed, new Promise((r) => setTimeout(r, 20))]); take(); }
      take();
      if (stop) live.close();
    }
  };
  const working = [...Array.from({ length: writers }, (_, n) => write(n)), read()];
  const ready = [];
  for (let k = 0; k < kills; k++) {
    await new Promise((resolve) => setTimeout(resolve, 50 + Math.random() * 500));
    await server.kill();
    const from = performance.now();
    server = await Server.start(data, { listen: `127.0.0.1:${port}` });
    ready.push(performance.now() - from);
    restarts++;
  }
  // The reader must come to the feed's end.
  await new Promise((resolve) => setTimeout(resolve, 200));
  stop = true;
  await Promise.all(working);
  closeSync(journal);
  assert.deepEqual(broken, [], 'a signal began elsewhere than the one before ended');

  const last = new Map();
  for (const line of readFileSync(path.join(folder, 'journal'), 'utf8').trim().split('\n')) {
    const entry = JSON.parse(line);
    const before = last.get(entry.id);
    if (!before || before.contentVersion < entry.contentVersion) last.set(entry.id, entry);
  }
  for (const [isAway, userTok, sub] of [[false, token, device], [true, away, awayDevice]]) {
    const view = await call(base, 'GET', `/v2/feeds/me/views/${sub.id}/activities`, { token: userTok });
    const stored = new Map(view.json.activities.map((x) => [x.id, x]));
    for (const entry of last.values()) {
      if (entry.away !== isAway) continue;
      const found = stored.get(entry.id);
      assert.ok(found, `an answered 201 is lost: ${JSON.stringify(entry)}`);
      assert.ok(found.contentVersion >= entry.contentVersion, `an answered replacement is lost: ${JSON.stringify(entry)}`);
      if (found.contentVersion === entry.contentVersion) assert.equal(JSON.parse(Buffer.from(found.payload, 'base64')).content, entry.raw);
    }
  }
  await server.stop();
  ready.sort((a, b) => a - b);
  t.diagnostic(`${posts} answered, ${unanswered} not, ${signals} signals over ${restarts} restarts; ready again after ${ready[ready.length >> 1].toFixed(0)} ms (median), ${ready.at(-1).toFixed(0)} ms (most)`);
  assert.ok(posts > kills, 'the writers wrote');
  assert.ok(signals > 0, 'the reader read');
});
