// kill -9 at random moments while posts are pushed: every answered 201 reaches every endpoint at least once, or is reported dead.
import test from 'node:test';
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { openSync, fdatasyncSync, closeSync, writeSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { call, notification } from '../harness/actors.mjs';
import { Server, temporaryFolder, until } from '../harness/server.mjs';
import { device, pushDeployment, report } from '../harness/pushes.mjs';

// As push/payload.h makes it of the notification's id.
const topicOf = (id) => createHash('sha256').update(id).digest('base64url').slice(0, 32);
const kills = Number(process.env.KILLS ?? 10);

test(`${kills} kills while posts are pushed lose no delivery`, { timeout: 900_000 }, async (t) => {
  const at = await pushDeployment(t);
  let server = at.server;
  t.after(() => server.kill());
  const port = new URL(at.base).port;
  const [alice] = at.demo.users;
  const devices = [];
  for (const platform of ['apns', 'fcm', 'webPush']) devices.push(await device(at, alice, platform));
  const journalFile = path.join(temporaryFolder(t), 'journal');
  const journal = openSync(journalFile, 'a');
  let stop = false, posted = 0;
  const write = async () => {
    while (!stop && posted < 900) {
      const answer = await call(at.base, 'POST', '/beta/me/notifications', { token: at.app, unsid: devices[0].unsid, body: notification(at.demo) }).catch(() => null);
      if (answer?.status !== 201) { await new Promise((resolve) => setTimeout(resolve, 5)); continue; }
      // An answer counts once its line is on disk. A feed keeps a thousand: not more than that are posted.
      posted += 1;
      writeSync(journal, answer.json.id + '\n');
      fdatasyncSync(journal);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  };
  const writing = [write(), write()];
  for (let k = 0; k < kills; k++) {
    await new Promise((resolve) => setTimeout(resolve, 200 + Math.random() * 1200));
    await server.kill();
    server = await Server.start(at.data, { listen: `127.0.0.1:${port}`, env: at.env });
  }
  stop = true;
  await Promise.all(writing);
  closeSync(journal);
  const answered = readFileSync(journalFile, 'utf8').trim().split('\n');
  assert.ok(answered.length > kills && answered.length < 950, `${answered.length} posts`);

  const decided = ['accepted', 'acknowledged', 'failed', 'expired'];
  await until(async () => {
    const lines = await report(at, devices[0].unsid, answered.at(-1));
    return devices.every(({ id }) => decided.includes(lines.get(id)?.state));
  }, { what: 'the last one decided', seconds: 180 });
  const came = await at.sim.received({ kind: 'push', limit: 100000 });
  const seen = new Map();
  for (const one of came) {
    // What a browser is told is without contents where they are many: the Topic names it in any case.
    const name = one.platform === 'apns' ? one.headers['apns-collapse-id'] : one.platform === 'fcm' ? one.body.message.android.notification?.tag ?? one.body.message.android.collapse_key : one.headers.Topic;
    const key = `${one.platform} ${name}`;
    seen.set(key, (seen.get(key) ?? 0) + 1);
  }
  let dead = 0, twice = 0;
  for (const id of answered) {
    for (const { id: subscription, platform } of devices) {
      const times = seen.get(`${platform} ${platform === 'webPush' ? topicOf(id) : id}`);
      if (times) {
        if (times > 1) twice++;
        continue;
      }
      const state = (await report(at, devices[0].unsid, id)).get(subscription)?.state;
      assert.ok(['failed', 'expired'].includes(state), `${id} never came to ${platform}, and is ${state}`);
      dead++;
    }
  }
  t.diagnostic(`measured: ${answered.length} answered, ${dead} dead, ${twice} of ${devices.length * answered.length} twice over ${kills} kills`);
  assert.equal(dead, 0);
});
