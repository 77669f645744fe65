// A mail in place of pushes: a file of its own, because the shortest delay that can be asked for is a minute.
import test from 'node:test';
import assert from 'node:assert/strict';
import { call, notification } from '../harness/actors.mjs';
import { run, until } from '../harness/server.mjs';
import { device, pushDeployment, report } from '../harness/pushes.mjs';

test('a mail is sent where nobody fetched', { timeout: 300_000 }, async (t) => {
  const at = await pushDeployment(t);
  const [alice] = at.demo.users;
  const phone = await device(at, alice, 'fcm');
  for (const args of [['cross-device', 'add-sender-domain', at.demo.crossDeviceApp.hostName, 'example.com'], ['user', 'list', '--json']]) assert.equal(run([...args, '--data', at.data]).status, 0);
  const fallbackPolicy = { transportFallback: { transportType: 'Email', fallbackDelayInSeconds: 60, emailContent: { subject: 'Parcel', bodyType: 'HTML', body: '<p>Bay 4</p>', fromAddress: 'news@example.com' } } };
  const posted = await call(at.base, 'POST', '/beta/me/notifications', { token: at.app, unsid: phone.unsid, body: notification(at.demo, { fallbackPolicy }) });
  assert.equal(posted.status, 201, posted.raw);

  const mail = await until(async () => (await at.sim.received({ platform: 'email' }))[0], { what: 'the mail', seconds: 180 });
  assert.equal(mail.outcome, 'accepted', JSON.stringify(mail));
  assert.equal(mail.subject, 'Parcel');
  // The relay's answer is on its way back.
  await until(async () => (await report(at, phone.unsid, posted.json.id)).get('email').state === 'accepted', { what: 'the mail reported' });
});
