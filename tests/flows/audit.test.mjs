// The audit log: every kind of entry that the program can write is written, once its deed is done, and none tells a secret.
import test from 'node:test';
import assert from 'node:assert/strict';
import path from 'node:path';
import { readdirSync, readFileSync } from 'node:fs';
import { createHash, generateKeyPairSync } from 'node:crypto';
import { demoServer, run } from '../harness/server.mjs';
import { call, notification, userToken } from '../harness/actors.mjs';
import { oneTimePassword } from '../harness/totp.mjs';
import { Receiver } from '../harness/webhook.mjs';

// What brings these about has tests of its own: time, another host, a backup.
const kElsewhere = ['signingKey.remove', 'crossDeviceApp.verify', 'crossDeviceApp.unverify', 'store.restore'];
const kNouns = 'user|application|crossDeviceApp|credential|signingKey|consent|refreshToken|authorizationCode|webhook|token|subscription|notification|store';

function writtenInTheProgram() {
  const src = path.resolve(import.meta.dirname, '../../src');
  const kinds = new Set();
  for (const folder of ['identity', 'api', 'app']) {
    for (const file of readdirSync(path.join(src, folder)).filter((name) => name.endsWith('.cpp') && !name.endsWith('_test.cpp')))
      for (const [, kind] of readFileSync(path.join(src, folder, file), 'utf8').matchAll(new RegExp(`"((?:${kNouns})\\.[A-Za-z.]+)"`, 'g'))) kinds.add(kind);
  }
  return [...kinds].filter((kind) => !/\.(read|html|new|ended)$|createdbyapp/i.test(kind) && kind !== 'webhook.test').sort();
}

// A browser without pages: it keeps its cookies and sends forms.
class Visitor {
  #cookies = new Map([['hg_csrf', 'A'.repeat(32)]]);
  constructor(base) { this.base = base; }
  async send(target, form) {
    const headers = { Cookie: [...this.#cookies].map(([name, value]) => `${name}=${value}`).join('; ') };
    const answer = await fetch(this.base + target, { method: 'POST', redirect: 'manual', headers, body: new URLSearchParams({ csrf: 'A'.repeat(32), ...form }) });
    for (const cookie of answer.headers.getSetCookie()) this.#cookies.set(...cookie.split(';')[0].split('='));
    return { status: answer.status, location: answer.headers.get('location'), text: await answer.text() };
  }
  signIn(user, target = '/account') { return this.send(target, { username: user.userPrincipalName, password: user.password }); }
}

const kVerifier = 'dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk';
const kRedirect = 'http://127.0.0.1/callback';

// Consent and tokens of a user, then each of them used as it must not be.
async function misuse(server, demo, user) {
  const tokens = async (form) => (await fetch(`${server.base}/common/oauth2/v2.0/token`, { method: 'POST', body: new URLSearchParams({ client_id: demo.clientApp.clientId, ...form }) })).json();
  const query = new URLSearchParams({ client_id: demo.clientApp.clientId, response_type: 'code', redirect_uri: kRedirect, scope: 'offline_access Notifications.ReadWrite.CreatedByApp', code_challenge: createHash('sha256').update(kVerifier).digest('base64url'), code_challenge_method: 'S256' });
  const authorize = `/common/oauth2/v2.0/authorize?${query}`;
  const visitor = new Visitor(server.base);
  await visitor.signIn(user, authorize);
  const redeem = async (again = false) => {
    const { location, status, text } = await visitor.send(authorize, { decision: 'allow' });
    assert.ok(location, `${status} ${text}`);
    const sent = { grant_type: 'authorization_code', code: new URL(location).searchParams.get('code'), redirect_uri: kRedirect, code_verifier: kVerifier };
    const first = await tokens(sent);
    if (again) assert.equal((await tokens(sent)).error, 'invalid_grant');
    return first;
  };
  await redeem(true);
  const { refresh_token: first } = await redeem();
  const second = (await tokens({ grant_type: 'refresh_token', refresh_token: first })).refresh_token;
  await tokens({ grant_type: 'refresh_token', refresh_token: second });
  assert.equal((await tokens({ grant_type: 'refresh_token', refresh_token: first })).error, 'invalid_grant');
  const { refresh_token: third } = await redeem();
  await fetch(`${server.base}/common/oauth2/v2.0/revoke`, { method: 'POST', body: new URLSearchParams({ client_id: demo.clientApp.clientId, token: third }) });
  await visitor.send('/account', { withdraw: demo.clientApp.clientId });
}

async function oneTimePasswordOf(server, root) {
  const visitor = new Visitor(server.base);
  const page = await visitor.signIn(root);
  const [, key] = page.text.match(/<code>([A-Z2-7]+)<\/code>/), [, seed] = page.text.match(/name="seed" value="([^"]+)"/);
  assert.match((await visitor.send('/account', { seed, totp: oneTimePassword(key) })).text, /is set up/);
  return key;
}

test('every deed has its entry, and no entry tells a secret', { timeout: 300_000 }, async (t) => {
  const receiver = await Receiver.start(t);
  const { server, demo, data } = await demoServer(t, { env: { HELIOGRAPH_PUSH_LOOPBACK: 'true' } });
  const root = demo.administrator, [alice] = demo.users;
  const { clientId: console } = JSON.parse(run(['app', 'add', '--name', 'Console', '--scope', 'Heliograph.Admin', '--data', data, '--json']).stdout);
  const token = userToken(data, demo, root, { clientId: console, scope: 'Heliograph.Admin' });
  const admin = async (method, target, body) => {
    const answer = await call(server.base, method, `/admin/v1${target}`, { token, body });
    assert.ok(answer.status < 300, `${method} ${target}: ${answer.status} ${answer.raw}`);
    return answer.json;
  };
  const secrets = [root.password, alice.password, demo.appService.clientSecret];
  secrets.push(await oneTimePasswordOf(server, root));
  await misuse(server, demo, alice);

  const carol = await admin('POST', '/users', { userPrincipalName: 'carol@example.com' });
  secrets.push(carol.password);
  for (const change of [{ displayName: 'Carol' }, { password: 'a new password of hers' }, { blocked: true }, { blocked: false }]) await admin('PATCH', `/users/${carol.id}`, change);
  secrets.push('a new password of hers');
  await admin('DELETE', `/users/${carol.id}/sessions`);
  await admin('DELETE', `/users/${carol.id}?erase=true`);
  await admin('DELETE', `/users/${encodeURIComponent(root.userPrincipalName)}/oneTimePassword`);

  const app = await admin('POST', '/applications', { displayName: 'Mail' }), at = `/applications/${app.clientId}`;
  for (const change of [{ displayName: 'Post' }, { blocked: true }, { blocked: false }]) await admin('PATCH', at, change);
  const secret = await admin('POST', `${at}/secrets`, { displayName: 'for the tests' });
  secrets.push(secret.clientSecret);
  await admin('DELETE', `${at}/secrets/${secret.id}`);
  const { publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const key = await admin('POST', `${at}/certificates`, { jwk: publicKey.export({ format: 'jwk' }) });
  await admin('DELETE', `${at}/certificates/${key.id}`);
  await admin('POST', `${at}/redirectUris`, { kind: 'web', uri: 'https://mail.example/done' });
  await admin('DELETE', `${at}/redirectUris?kind=web&uri=https%3A%2F%2Fmail.example%2Fdone`);
  await admin('POST', `${at}/externalIdentities`, { issuer: 'https://login.example', clientId: 'mail' });
  await admin('DELETE', `${at}/externalIdentities?issuer=https%3A%2F%2Flogin.example&clientId=mail`);

  await admin('POST', '/crossDeviceApps', { hostName: 'mail.example', members: [] });
  const cross = '/crossDeviceApps/mail.example';
  await admin('PATCH', cross, { allowUnverified: true });
  await admin('POST', `${cross}/members`, { clientId: app.clientId });
  await admin('DELETE', `${cross}/members/${app.clientId}`);
  await admin('POST', `${cross}/platformAppIds`, { platform: 'ios', appId: 'com.example.mail' });
  await admin('DELETE', `${cross}/platformAppIds?platform=ios&appId=com.example.mail`);
  await admin('POST', `${cross}/senderDomains`, { domain: 'mail.example' });
  await admin('DELETE', `${cross}/senderDomains/mail.example`);
  const credential = await admin('POST', `${cross}/credentials`, { platform: 'wns', packageSid: 'ms-app://s-1-15-2-1', clientSecret: 'of the Partner Center' });
  secrets.push('of the Partner Center');
  await admin('DELETE', `${cross}/credentials/${credential.id}`);
  const webhook = await admin('POST', `${cross}/webhooks`, { url: receiver.url });
  secrets.push(webhook.secret);
  await admin('DELETE', `${cross}/webhooks/${webhook.id}`);
  await admin('DELETE', cross);
  await admin('DELETE', at);

  const device = await admin('POST', '/subscriptions', { user: alice.userPrincipalName, deviceId: 'desk' });
  secrets.push(device.userNotificationSubscriptionId);
  const of = `user=${encodeURIComponent(alice.userPrincipalName)}&crossDevice=${demo.crossDeviceApp.hostName}`;
  const posted = await call(server.base, 'POST', '/beta/me/notifications', { token: userToken(data, demo, alice), body: notification(demo) });
  await admin('DELETE', `/notifications/${posted.json.id}?${of}`);
  await admin('DELETE', `/subscriptions/${device.id}?user=${encodeURIComponent(alice.userPrincipalName)}`);
  await admin('POST', '/signingKeys/prepare', {});
  await admin('POST', '/signingKeys/rotate', {});

  const entries = JSON.parse(run(['audit', 'list', '--top', '1000', '--data', data, '--json']).stdout);
  const seen = [...new Set(entries.map(({ action }) => action))];
  assert.deepEqual([...seen, ...kElsewhere].sort(), writtenInTheProgram());
  const whole = JSON.stringify(entries);
  for (const one of secrets) assert.ok(one && !whole.includes(one), `a secret is told: ${one}`);
  assert.equal(run(['audit', 'verify', '--data', data]).status, 0);
});
