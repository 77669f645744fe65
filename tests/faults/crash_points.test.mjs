// The process dies at each named moment of a delivery, and is started again: what was answered 201 reaches every endpoint, and
// where the platform had taken it already it comes twice at the most, under the same id.
import test from 'node:test';
import assert from 'node:assert/strict';
import { call, notification } from '../harness/actors.mjs';
import { Server, until } from '../harness/server.mjs';
import { device, pushDeployment, report } from '../harness/pushes.mjs';

for (const moment of ['committed', 'claimed', 'midFanOut', 'pushed', 'settled']) {
  test(`a crash when ${moment} loses no delivery`, { timeout: 300_000 }, async (t) => {
    const at = await pushDeployment(t);
    const [alice] = at.demo.users;
    const devices = [await device(at, alice, 'fcm'), await device(at, alice, 'apns')];
    await at.server.stop();
    const listen = `127.0.0.1:${new URL(at.base).port}`;
    const doomed = await Server.start(at.data, { listen, env: { ...at.env, HG_CRASH_AT: moment } });
    t.after(() => doomed.kill());
    const body = notification(at.demo, { appNotificationId: 'once' });
    const post = (headers) => call(at.base, 'POST', '/beta/me/notifications', { token: at.app, unsid: devices[0].unsid, body, headers });
    const answer = await post({ 'Idempotency-Key': 'once' }).catch(() => null);
    assert.equal((await doomed.ended).signal, 'SIGKILL');

    const server = await Server.start(at.data, { listen, env: at.env });
    t.after(() => server.stop());
    // Whoever got no answer asks again, with the same key.
    const posted = answer?.status === 201 ? answer : await post({ 'Idempotency-Key': 'once' });
    assert.equal(posted.status, 201, posted.raw);
    const lines = await until(async () => {
      const all = await report(at, devices[0].unsid, posted.json.id);
      return devices.every(({ id }) => all.get(id)?.state === 'accepted') ? all : undefined;
    }, { what: 'accepted everywhere', seconds: 120 });
    assert.equal(lines.size, 2);
    const apns = (await at.sim.received({ platform: 'apns', kind: 'push' })).map((one) => one.headers['apns-collapse-id']);
    assert.ok(apns.length === 1 || (apns.length === 2 && ['midFanOut', 'pushed'].includes(moment)), `${apns.length} pushes`);
    assert.deepEqual([...new Set(apns)], [posted.json.id]);
  });
}
