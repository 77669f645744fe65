// Credentials are tried at the platforms without harm: heliograph doctor and heliograph credential test, with right ones, with each thing
// that can be wrong about them, and with nobody there. And what the operator sees when a platform begins to refuse some.
import test from 'node:test';
import assert from 'node:assert/strict';
import path from 'node:path';
import { readFileSync, writeFileSync } from 'node:fs';
import { call, notification } from '../harness/actors.mjs';
import { run, until } from '../harness/server.mjs';
import { device, pushDeployment, report } from '../harness/pushes.mjs';

function doctor(at, more = {}, args = []) {
  const from = performance.now();
  const done = run(['doctor', '--data', at.data, '--json', ...args], { env: { ...process.env, ...at.env, HELIOGRAPH_LISTEN: '127.0.0.1:0', ...more } });
  assert.equal(done.stderr, '');
  return { checks: JSON.parse(done.stdout).checks, seconds: (performance.now() - from) / 1000 };
}
const lines = (checks, check) => checks.filter((one) => one.check === check).map(({ state, evidence }) => `${state} ${evidence}`);
function finds(checks, check, state, evidence) {
  const found = checks.find((one) => one.check === check && one.state === state && evidence.test(one.evidence));
  assert.ok(found, `${state} ${check} ${evidence} in ${JSON.stringify(lines(checks, check), null, 1)}`);
  return found;
}
function command(at, ...args) {
  const done = run([...args, '--data', at.data, '--json']);
  return { ...done, json: done.stdout === '' ? undefined : JSON.parse(done.stdout) };
}
const credentials = (at) => command(at, 'credential', 'list').json;
// A set like one of the simulator's, but for what is wrong with it.
function add(at, ...args) {
  const made = command(at, 'credential', ...args);
  assert.equal(made.status, 0, made.stderr);
  return made.json;
}
function file(at, name, text) {
  const where = path.join(at.data, name);
  writeFileSync(where, text);
  return where;
}
const bundle = (at) => at.sim.app('apns').topics[0];

test('right credentials are taken, and no device hears of it', { timeout: 300_000 }, async (t) => {
  const at = await pushDeployment(t);
  finds(doctor(at).checks, 'credentials', 'warn', /^apns \w+ of .+ could not be tried: there is no app id to ask Apple for/);
  assert.equal(run(['cross-device', 'add-platform-id', at.demo.crossDeviceApp.hostName, 'ios', bundle(at), '--data', at.data]).status, 0);

  const { checks } = doctor(at);
  for (const platform of ['apns', 'fcm', 'wns', 'webpush']) finds(checks, 'credentials', 'ok', new RegExp(`^${platform} .+ of ${at.demo.crossDeviceApp.hostName} is taken$`));
  finds(checks, 'mail relay', 'ok', /lets us in$/);
  for (const { id } of credentials(at)) assert.deepEqual(command(at, 'credential', 'test', id).json, { state: 'ok', reason: null, advice: null });
  for (const platform of ['fcm', 'wns', 'webPush', 'email']) assert.deepEqual((await at.sim.received({ platform, kind: 'push' })).filter((one) => one.outcome === 'accepted' && !one.body?.validate_only), []);
});

test('each thing that can be wrong has its reason and what helps', { timeout: 300_000 }, async (t) => {
  const at = await pushDeployment(t);
  for (const { id } of credentials(at)) run(['credential', 'remove', id, '--data', at.data]);
  const apns = at.sim.app('apns'), wns = at.sim.app('wns', (app) => app.packageSid);
  const sandbox = await at.sim.call('POST', '/sim/apps', { platform: 'apns', environment: 'sandbox' });
  const sandboxed = await at.sim.call('POST', '/sim/apps', { platform: 'apns', certificate: true, environment: 'sandbox' });
  const key = path.join(at.sim.credentials, 'apns.p8');
  const account = JSON.parse(readFileSync(path.join(at.sim.credentials, 'fcm-service-account.json'), 'utf8'));
  const cases = [
    [['add-apns', '--key-file', key, '--key-id', apns.keyId, '--team-id', 'WRONGTEAM1', '--app-id', bundle(at)], 'InvalidProviderToken', /do not belong together/],
    [['add-apns', '--key-file', key, '--key-id', apns.keyId, '--team-id', apns.teamId, '--app-id', 'com.example.unknown'], 'TopicDisallowed', /may not push to this bundle id/],
    [['add-apns', '--key-file', file(at, 'sandbox.p8', sandbox.privateKey), '--key-id', sandbox.keyId, '--team-id', sandbox.teamId, '--app-id', sandbox.topics[0]], 'BadEnvironmentKeyIdInToken', /other environment/],
    [['add-apns', '--certificate-file', file(at, 'sandbox.pem', sandboxed.certificate), '--app-id', bundle(at)], 'BadCertificateEnvironment', /other environment/],
    [['add-fcm', '--service-account-file', file(at, 'fcm.json', JSON.stringify({ ...account, client_email: 'nobody@example.com' }))], 'invalid_grant', /revoked/],
    [['add-fcm', '--service-account-file', file(at, 'project.json', JSON.stringify({ ...account, project_id: 'another' }))], 'PERMISSION_DENIED', /may not send for the project/],
    [['add-wns', '--package-sid', wns.packageSid, '--client-secret-file', file(at, 'secret', 'wrong')], 'invalid_client', /secret is wrong/],
  ];
  for (const [args, reason, advice] of cases) {
    const { id, platform } = add(at, ...args);
    const tested = command(at, 'credential', 'test', id);
    assert.equal(tested.status, 1);
    assert.equal(tested.json.state, 'refused', JSON.stringify(tested.json));
    assert.equal(tested.json.reason, reason);
    assert.match(tested.json.advice, advice);
    assert.match(tested.stderr, new RegExp(`refuses them: ${reason}`));
    assert.equal(credentials(at).find((one) => one.id === id).state, 'broken');
    const found = finds(doctor(at).checks, 'credentials', 'FAIL', new RegExp(`^${platform} .+ is refused: ${reason}; `));
    assert.match(found.fix, new RegExp(`heliograph credential add-${platform}.+heliograph credential remove ${id}`));
    const offline = doctor(at, {}, ['--offline']).checks;
    finds(offline, 'credentials', 'FAIL', new RegExp(`is refused since .+: ${reason}`));
    assert.equal(run(['credential', 'remove', id, '--data', at.data]).status, 0);
  }
  const wrong = doctor(at, { HELIOGRAPH_MAIL_USER: 'nobody', HELIOGRAPH_MAIL_PASSWORD: `file:${file(at, 'password', 'wrong\n')}` }).checks;
  finds(wrong, 'mail relay', 'FAIL', /refuses us: 535; mail\.user or mail\.password is wrong/);
});

test('where nobody answers doctor says so, within its time', { timeout: 300_000 }, async (t) => {
  const at = await pushDeployment(t);
  assert.equal(run(['cross-device', 'add-platform-id', at.demo.crossDeviceApp.hostName, 'ios', bundle(at), '--data', at.data]).status, 0);
  for (const platform of ['fcm', 'wns']) await at.sim.fault({ platform, fault: 'hang', on: 'token' });
  const hanging = doctor(at);
  t.diagnostic(`measured: ${hanging.seconds.toFixed(1)} s with platforms that hang`);
  for (const platform of ['fcm', 'wns']) finds(hanging.checks, 'credentials', 'warn', new RegExp(`^${platform} .+ could not be tried: timed out`));
  finds(hanging.checks, 'credentials', 'ok', /^apns .+ is taken$/);

  await at.sim.stop();
  const { checks } = doctor(at);
  for (const platform of ['apns', 'fcm', 'wns']) {
    const found = finds(checks, 'credentials', 'warn', new RegExp(`^${platform} .+ could not be tried: nobody listens there`));
    assert.match(found.fix, /let this machine reach the platform/);
  }
  finds(checks, 'credentials', 'ok', /^webpush mailto:push@example\.com of .+ is taken$/);
  finds(checks, 'mail relay', 'warn', /could not be tried: nobody listens there/);
  for (const { id, platform } of credentials(at)) if (platform !== 'webpush') assert.equal(command(at, 'credential', 'test', id).json.state, 'unknown');
  assert.ok(credentials(at).every((one) => one.state === 'ok'), 'silence breaks nothing');
});

test('a platform that begins to refuse: one log line, a gauge, the list; what was owed goes when they are replaced', { timeout: 600_000 }, async (t) => {
  const at = await pushDeployment(t);
  const [alice] = at.demo.users;
  const wns = at.sim.app('wns', (app) => app.packageSid);
  const good = credentials(at).find((one) => one.platform === 'wns');
  run(['credential', 'remove', good.id, '--data', at.data]);
  const bad = add(at, 'add-wns', '--package-sid', wns.packageSid, '--client-secret-file', file(at, 'secret', 'wrong'));
  const desk = await device(at, alice, 'wns');
  const posts = [];
  for (let i = 0; i < 3; i++) posts.push((await call(at.base, 'POST', '/beta/me/notifications', { token: at.app, unsid: desk.unsid, body: notification(at.demo) })).json.id);

  const waiting = await until(async () => { const line = (await report(at, desk.unsid, posts[0])).get(desk.id); return line?.state === 'retrying' ? line : undefined; }, { what: 'waits' });
  assert.equal(waiting.reason, 'invalid_client');
  await until(() => /wns credentials [0-9a-f-]+ are refused: invalid_client/.test(at.server.log), { what: 'the log line' });
  const gauge = async () => Number((await (await fetch(`${at.base}/metrics`)).text()).match(/heliograph_credentials_refused\{platform="wns"\} (\d+)/)[1]);
  await until(async () => (await gauge()) === 1, { what: 'the gauge' });
  const listed = credentials(at).find((one) => one.id === bad.id);
  assert.equal(`${listed.state} ${listed.reason}`, 'broken invalid_client');
  assert.equal(at.server.log.match(/are refused/g).length, 1);

  run(['credential', 'remove', bad.id, '--data', at.data]);
  await until(async () => (await gauge()) === 0, { what: 'the gauge falls' });
  const still = add(at, 'add-wns', '--package-sid', wns.packageSid, '--client-secret-file', file(at, 'right', wns.clientSecret));
  assert.deepEqual(command(at, 'credential', 'test', still.id).json.state, 'ok');
});
