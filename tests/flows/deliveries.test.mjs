// From a post to devices of every platform and back: what arrives at the push services, what the report says, what follows a dismissal.
import test from 'node:test';
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import path from 'node:path';
import { call, notification } from '../harness/actors.mjs';
import { run, until } from '../harness/server.mjs';
import { device, pushDeployment, report } from '../harness/pushes.mjs';

const platforms = ['apns', 'fcm', 'wns', 'webPush'];
const states = (lines) => [...lines.values()].map((line) => line.state).sort().join(' ');

test('a post reaches every platform, a dismissal follows, and the report tells it', { timeout: 300_000 }, async (t) => {
  const at = await pushDeployment(t);
  const [alice] = at.demo.users;
  const devices = {};
  for (const platform of platforms) devices[platform] = await device(at, alice, platform);

  const body = notification(at.demo, { appNotificationId: 'parcel', groupName: 'parcels', payload: { visualContent: { title: 'Parcel', body: 'Bay 4' } } });
  const posted = await call(at.base, 'POST', '/beta/me/notifications', { token: at.app, unsid: devices.apns.unsid, body });
  assert.equal(posted.status, 201, posted.raw);
  assert.equal(posted.headers.get('X-Heliograph-Endpoints'), '4');
  const id = posted.json.id;
  await until(async () => states(await report(at, devices.apns.unsid, id)) === 'accepted accepted accepted accepted', { what: 'all four accepted' });

  const apns = await at.sim.last({ platform: 'apns', kind: 'push' });
  assert.equal(apns.outcome, 'accepted', JSON.stringify(apns));
  assert.equal(apns.payloadJson.aps.alert.title, 'Parcel');
  assert.equal(apns.payloadJson.changeType, 'afsChange');
  assert.equal(apns.headers['apns-collapse-id'], id);
  const fcm = await at.sim.last({ platform: 'fcm', kind: 'push' });
  assert.equal(fcm.body.message.notification.title, 'Parcel');
  assert.equal(fcm.body.message.data.newETag, posted.headers.get('X-New-ETag'));
  assert.equal(JSON.parse(fcm.body.message.data.activities)[0].id, id);
  const wns = await at.sim.last({ platform: 'wns', kind: 'push' });
  assert.ok(wns.texts.includes('Parcel'), JSON.stringify(wns));
  const web = await at.sim.last({ platform: 'webPush', kind: 'push' });
  assert.equal(web.messageJson.subscriptionId, devices.webPush.id);
  assert.equal(web.messageJson.activities[0].id, id);

  // Dismissed on Windows: the phones are told silently, the browser is not.
  await at.sim.call('DELETE', '/sim/received');
  const patched = await call(at.base, 'PATCH', `/beta/me/notifications/${id}`, { token: devices.wns.token, unsid: devices.wns.unsid, body: { userActionState: 'dismissed' } });
  assert.equal(patched.status, 200, patched.raw);
  await until(async () => (await at.sim.received({ kind: 'push' })).length === 2, { what: 'two silent pushes' });
  const told = Object.fromEntries((await at.sim.received({ kind: 'push' })).map((one) => [one.platform, one]));
  assert.deepEqual(Object.keys(told).sort(), ['apns', 'fcm']);
  assert.equal(told.apns.headers['apns-push-type'], 'background');
  assert.equal(told.apns.payloadJson.activities[0].userActionState, 2);
  assert.equal(told.fcm.body.message.notification, undefined);
  await until(async () => (await report(at, devices.apns.unsid, id)).get(devices.apns.id).secondsToCleared !== null, { what: 'cleared' });

  const shown = run(['delivery', 'show', '--data', at.data, '--user', alice.userPrincipalName, 'parcel', '--json']);
  assert.equal(shown.status, 0, shown.stderr);
  assert.equal(JSON.parse(shown.stdout).length, 4);
  const metrics = await (await fetch(`${at.base}/metrics`)).text();
  for (const platform of ['apns', 'fcm', 'wns', 'webpush']) {
    const owed = Number(metrics.match(new RegExp(`heliograph_deliveries_owed_total\\{platform="${platform}"\\} (\\d+)`))[1]);
    const sum = [...metrics.matchAll(new RegExp(`heliograph_deliveries\\{platform="${platform}",outcome="\\w+"\\} (-?\\d+)`, 'g'))].reduce((all, [, n]) => all + Number(n), 0);
    assert.equal(owed, 1);
    assert.equal(sum, owed, `${platform}: the outcomes do not add up`);
  }
});

// What openssl answers, as an operator turns Apple's .p12 into what is set.
function openssl(args) {
  const done = spawnSync('openssl', args, { encoding: 'utf8', timeout: 60_000 });
  assert.equal(done.status, 0, done.stderr);
  return done.stdout;
}

test('APNs by a certificate, from a .p12 and by the command line', { timeout: 300_000 }, async (t) => {
  const at = await pushDeployment(t);
  const [alice] = at.demo.users;
  const app = at.sim.app('apns', (one) => one.certificate);
  const given = path.join(at.sim.credentials, 'apns-certificate.pem'), p12 = path.join(at.data, 'apns.p12'), pem = path.join(at.data, 'apns.pem');
  const credential = (...args) => run(['credential', ...args, '--data', at.data, '--json']);
  openssl(['pkcs12', '-export', '-in', given, '-inkey', given, '-passout', 'pass:secret', '-out', p12]);
  openssl(['pkcs12', '-in', p12, '-passin', 'pass:secret', '-nodes', '-out', pem]);
  const key = JSON.parse(credential('list').stdout).find((one) => one.platform === 'apns');
  assert.equal(credential('remove', key.id).status, 0);

  const keys = ['--key-file', path.join(at.sim.credentials, 'apns.p8')];
  assert.match(credential('add-apns', '--certificate-file', pem, ...keys).stderr, /not beside them/);
  assert.match(credential('add-apns', ...keys).stderr, /belong together; or --certificate-file/);
  assert.match(credential('add-apns', '--certificate-file', path.join(at.sim.credentials, 'ca.pem')).stderr, /there is no private key in PEM in it/);
  const added = credential('add-apns', '--certificate-file', pem);
  assert.equal(added.status, 0, added.stderr);
  const made = JSON.parse(added.stdout);
  assert.equal(made.certificateThumbprint, app.id);
  assert.equal(made.certificateName, `Apple Push Services: ${app.topics[0]}`);
  assert.ok(!JSON.stringify([made, JSON.parse(credential('list').stdout)]).includes('BEGIN'), 'nothing of it is shown again');

  const phone = await device(at, alice, 'apns');
  const posted = await call(at.base, 'POST', '/beta/me/notifications', { token: at.app, unsid: phone.unsid, body: notification(at.demo, { payload: { visualContent: { title: 'Parcel', body: 'Bay 4' } } }) });
  assert.equal(posted.status, 201, posted.raw);
  await until(async () => (await report(at, phone.unsid, posted.json.id)).get(phone.id).state === 'accepted', { what: 'accepted' });
  const came = await at.sim.last({ platform: 'apns', kind: 'push' });
  assert.equal(came.payloadJson.aps.alert.title, 'Parcel');
  assert.equal(came.certificate, app.id);
  assert.equal(came.providerToken, undefined);
});

test('what a platform cannot take now is tried again, and a dead endpoint ends', { timeout: 300_000 }, async (t) => {
  const at = await pushDeployment(t);
  const [alice] = at.demo.users;
  const phone = await device(at, alice, 'fcm'), tablet = await device(at, alice, 'apns');
  await at.sim.fault({ platform: 'fcm', fault: 'status', status: 503, times: 2 });
  await at.sim.fault({ platform: 'apns', fault: 'gone', times: 1 });

  const posted = await call(at.base, 'POST', '/beta/me/notifications', { token: at.app, unsid: phone.unsid, body: notification(at.demo) });
  const lines = await until(async () => {
    const all = await report(at, phone.unsid, posted.json.id);
    return all.get(phone.id)?.state === 'accepted' && all.get(tablet.id)?.state === 'failed' ? all : undefined;
  }, { what: 'both decided', seconds: 120 });

  assert.equal(lines.get(phone.id).attempts, 3);
  assert.equal(lines.get(tablet.id).reason, 'Unregistered');
  const ended = await call(at.base, 'GET', '/beta/endedSubscriptions', { token: at.app });
  assert.deepEqual(ended.json.value.map(({ userNotificationSubscriptionId, reason }) => [userNotificationSubscriptionId, reason]), [[tablet.unsid, 'channelGone']]);
});

test('a phone that changes hands never shows what was for the user before', { timeout: 300_000 }, async (t) => {
  const at = await pushDeployment(t);
  const [alice, bob] = at.demo.users;
  const hers = await device(at, alice, 'fcm');
  const other = await device(at, alice, 'apns');
  // Slow, so that there is always one on its way when the phone changes hands.
  await at.sim.fault({ platform: 'fcm', latencyMs: 300 });
  const post = (unsid, title) => call(at.base, 'POST', '/beta/me/notifications', { token: at.app, unsid, body: notification(at.demo, { payload: { visualContent: { title } } }) });
  const posting = (async () => { for (let i = 0; i < 20; i++) await post(other.unsid, 'for alice'); })();
  await until(async () => (await at.sim.received({ platform: 'fcm', kind: 'push' })).length > 0, { what: 'the first push' });

  const his = await device(at, bob, 'fcm', { endpoint: hers.endpoint });
  const changed = (await at.sim.received({ platform: 'fcm', kind: 'push' })).length;
  await posting;
  assert.equal((await post(his.unsid, 'for bob')).status, 201);
  await until(async () => (await at.sim.received({ platform: 'fcm', kind: 'push' })).some((one) => one.body.message.notification?.title === 'for bob'), { what: 'bob is told' });
  const after = (await at.sim.received({ platform: 'fcm', kind: 'push' })).slice(changed);
  assert.deepEqual(after.filter((one) => one.body.message.notification?.title === 'for alice'), []);
  const ended = await call(at.base, 'GET', '/beta/endedSubscriptions', { token: at.app });
  assert.equal(ended.json.value[0].reason, 'channelMoved');
});

test('a platform that hangs delays no other', { timeout: 300_000 }, async (t) => {
  const at = await pushDeployment(t);
  const [alice] = at.demo.users;
  const phone = await device(at, alice, 'fcm'), tablet = await device(at, alice, 'apns');
  await at.sim.fault({ platform: 'apns', fault: 'hang' });
  const posts = 10, ids = [];
  const from = performance.now();
  for (let i = 0; i < posts; i++) {
    const posted = await call(at.base, 'POST', '/beta/me/notifications', { token: at.app, unsid: phone.unsid, body: notification(at.demo) });
    ids.push(posted.json.id);
  }
  await until(async () => (await at.sim.received({ platform: 'fcm', kind: 'push' })).length === posts, { what: 'the other platform' });
  t.diagnostic(`measured: ${posts} posts were at the healthy platform after ${(performance.now() - from).toFixed(0)} ms while the other hung`);
  for (const id of ids) assert.notEqual((await report(at, phone.unsid, id)).get(tablet.id).state, 'accepted');
  await at.sim.peace();
  await until(async () => {
    for (const id of ids) if ((await report(at, phone.unsid, id)).get(tablet.id).state !== 'accepted') return false;
    return true;
  }, { what: 'the platform that hung', seconds: 180 });
});
