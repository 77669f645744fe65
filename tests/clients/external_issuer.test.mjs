// The company's own issuer: npm's oidc-provider, an implementation that nobody here wrote, signs in a user and an application, and
// Heliograph takes their tokens; with what it must not take.
import test from 'node:test';
import assert from 'node:assert/strict';
import { createServer } from 'node:https';
import { readFileSync, rmSync } from 'node:fs';
import path from 'node:path';
import Provider from 'oidc-provider';
import { authority, initDemo, run, Server, temporaryFolder } from '../harness/server.mjs';
import { appToken, call, notification, subscribe, userToken } from '../harness/actors.mjs';
import { client } from './client.mjs';

const scope = 'Notifications.ReadWrite.CreatedByApp';
const kSubject = 'carol';

// On a port of this machine, with the demo's certificate. `requests` counts those for its keys.
async function provider(t, data) {
  const files = path.join(data, 'tls');
  const at = { requests: 0 };
  const server = createServer({ cert: readFileSync(path.join(files, 'cert.pem')), key: readFileSync(path.join(files, 'key.pem')) }, (request, response) => {
    if (request.url === '/jwks') at.requests++;
    at.callback(request, response);
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => { server.closeAllConnections(); server.close(); });
  at.issuer = `https://127.0.0.1:${server.address().port}`;
  const ours = (audience) => ({ scope, audience, accessTokenFormat: 'jwt', accessTokenTTL: 300, jwt: { sign: { alg: 'RS256' } } });
  at.callback = new Provider(at.issuer, {
    clients: [
      { client_id: 'app-there', application_type: 'native', token_endpoint_auth_method: 'none', grant_types: ['authorization_code'], response_types: ['code'], redirect_uris: ['http://127.0.0.1/callback'] },
      { client_id: 'service-there', client_secret: 'of-the-service', grant_types: ['client_credentials'], response_types: [], redirect_uris: [] },
      { client_id: 'stranger-there', client_secret: 'of-the-stranger', grant_types: ['client_credentials'], response_types: [], redirect_uris: [] },
    ],
    findAccount: (_, id) => ({ accountId: id, claims: () => ({ sub: id }) }),
    extraTokenClaims: (_, token) => (token.accountId ? { preferred_username: `${token.accountId}@corp.example`, name: 'Carol', email: 'carol@corp.example' } : {}),
    cookies: { keys: ['for the tests'] },
    pkce: { required: () => true },
    features: {
      clientCredentials: { enabled: true },
      devInteractions: { enabled: true },
      resourceIndicators: { enabled: true, defaultResource: () => 'api://heliograph', useGrantedResource: () => true, getResourceServerInfo: (_, resource) => ours(resource) },
    },
  }).callback();
  return at;
}

async function deployment(t, settings) {
  const folder = temporaryFolder();
  const data = path.join(folder, 'data');
  const demo = initDemo(data);
  const there = await provider(t, data);
  const env = { HELIOGRAPH_IDENTITY_ISSUERS: `${there.issuer} audience=api://heliograph ${settings}`, HELIOGRAPH_IDENTITY_AUTHORITIES: authority(data) };
  const server = await Server.start(data, { env });
  t.after(async () => { await server.stop(); rmSync(folder, { recursive: true, force: true }); });
  const admin = (...args) => { const done = run([...args, '--data', data, '--json']); assert.equal(done.status, 0, done.stderr); return JSON.parse(done.stdout || 'null'); };
  admin('app', 'add-external-identity', demo.clientApp.clientId, '--issuer', there.issuer, '--external-client-id', 'app-there');
  admin('app', 'add-external-identity', demo.appService.clientId, '--issuer', there.issuer, '--external-client-id', 'service-there');
  const does = (task) => client(data, { kind: 'elsewhere', issuer: there.issuer, base: server.base, demo, scope, subject: kSubject, ...task }, 'identity_process.mjs');
  return { server, demo, data, there, admin, does };
}

test('a user and an application of another issuer post and read; the user is made at first sight', async (t) => {
  const { server, demo, data, there, admin, does } = await deployment(t, '');
  const tokens = await does({});
  const me = await call(server.base, 'GET', '/beta/me', { token: tokens.user });
  assert.equal(me.status, 200, me.raw);
  assert.equal(me.json.userPrincipalName, 'carol@corp.example');
  assert.equal(admin('user', 'show', 'carol@corp.example').id, me.json.id);
  const device = await subscribe(server.base, tokens.user, { deviceId: 'desk' });
  const posted = await call(server.base, 'POST', '/beta/me/notifications', { token: tokens.application, unsid: device.unsid, body: notification(demo) });
  assert.equal(posted.status, 201, posted.raw);
  const listed = await call(server.base, 'GET', '/beta/me/notifications', { token: tokens.user });
  assert.deepEqual(listed.json.value.map((n) => n.id), [posted.json.id]);
  // The same person by the embedded issuer is another user.
  assert.deepEqual((await call(server.base, 'GET', '/beta/me/notifications', { token: userToken(data, demo, demo.users[0]) })).json.value, []);

  const refused = async (token) => (await call(server.base, 'GET', '/beta/me', { token })).json.error?.innerError?.code;
  assert.equal(await refused(tokens.idToken), 'wrongAudience');
  assert.equal(await refused(tokens.otherAudience), 'wrongAudience');
  assert.equal(await refused(tokens.stranger), 'tokenInvalid');
  assert.equal(await refused(`${tokens.user.slice(0, -4)}AAAA`), 'tokenInvalid');
  const before = there.requests;
  const [head, body, signature] = tokens.user.split('.');
  const unknown = Buffer.from(JSON.stringify({ ...JSON.parse(Buffer.from(head, 'base64url')), kid: 'unknown' })).toString('base64url');
  for (let i = 0; i < 50; i++) assert.equal(await refused(`${unknown}.${body}.${signature}`), 'tokenInvalid');
  assert.ok(there.requests <= before + 1, `${there.requests - before} requests for keys`);

  admin('user', 'block', 'carol@corp.example');
  assert.equal(await refused(tokens.user), 'userBlocked');
  admin('user', 'unblock', 'carol@corp.example');
  assert.equal((await call(server.base, 'GET', '/beta/me', { token: tokens.user })).status, 200);
  assert.equal((await call(server.base, 'GET', '/beta/endedSubscriptions', { token: await appToken(server.base, demo) })).status, 200);
});

test('users of another issuer can be required beforehand', async (t) => {
  const { server, there, admin, does } = await deployment(t, 'users=known upn=email');
  const tokens = await does({});
  const refused = await call(server.base, 'GET', '/beta/me', { token: tokens.user });
  assert.deepEqual([refused.status, refused.json.error.innerError.code], [403, 'userBlocked']);
  const added = admin('user', 'add', '--upn', 'carol@example.com', '--issuer', there.issuer, '--subject', kSubject);
  const me = await call(server.base, 'GET', '/beta/me', { token: tokens.user });
  assert.deepEqual([me.status, me.json.id], [200, added.id]);
});
