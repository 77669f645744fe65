// The identity platform as the libraries that applications sign in with see it: MSAL for Node in both of its protocol modes, and
// openid-client, unmodified, over TLS with the demo's own authority; with what is right, and with something wrong.
import test from 'node:test';
import assert from 'node:assert/strict';
import path from 'node:path';
import { generateKeyPairSync, X509Certificate } from 'node:crypto';
import { spawn, spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { demoServer, program, run, temporaryFolder } from '../harness/server.mjs';
import { call } from '../harness/actors.mjs';
import { allowDevice, launch } from './browser.mjs';
import { client } from './client.mjs';

// A confidential application with a secret, a certificate and a JSON Web Key, that exposes an API.
function register(t, data) {
  const folder = temporaryFolder(t);
  const made = spawnSync('openssl', ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-subj', '/CN=orders', '-days', '30', '-keyout', path.join(folder, 'key.pem'), '-out', path.join(folder, 'cert.pem')], { encoding: 'utf8' });
  assert.equal(made.status, 0, made.stderr);
  const admin = (...args) => { const done = run(['app', ...args, '--data', data, '--json']); assert.equal(done.status, 0, done.stderr); return JSON.parse(done.stdout); };
  const orders = admin('add', '--name', 'Orders', '--confidential', '--expose', 'access_as_user');
  admin('add-certificate', 'Orders', '--file', path.join(folder, 'cert.pem'));
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  writeFileSync(path.join(folder, 'key.jwk'), JSON.stringify(publicKey.export({ format: 'jwk' })));
  admin('add-certificate', 'Orders', '--file', path.join(folder, 'key.jwk'));
  return {
    orders,
    thumbprint: new X509Certificate(readFileSync(path.join(folder, 'cert.pem'))).fingerprint256.replaceAll(':', ''),
    privateKey: readFileSync(path.join(folder, 'key.pem'), 'utf8'),
    otherPrivateKey: generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey.export({ type: 'pkcs8', format: 'pem' }),
    jwkPrivateKey: privateKey.export({ type: 'pkcs8', format: 'pem' }),
  };
}

async function deployment(t) {
  const { server, demo, data } = await demoServer(t, { tls: true });
  const registered = register(t, data);
  const does = (kind) => client(data, { kind, data, base: server.tls, demo, user: demo.users[0], ...registered }, 'identity_process.mjs');
  return { server, demo, data, does };
}

test('msal-node and openid-client without a user: secrets, certificates and keys, right and wrong', async (t) => {
  const { does } = await deployment(t);
  const [msal, openid] = await Promise.all([does('msalApplication'), does('openidApplication')]);
  assert.deepEqual([msal.secret, msal.secretOidc, ...msal.certificate, msal.certificateOidc], Array(5).fill('a token'));
  assert.match(msal.badSecret, /invalid_client.*secret is wrong/);
  assert.match(msal.badCertificate, /invalid_client.*not signed by a certificate/);
  assert.deepEqual([openid.privateKey, openid.basic, openid.post], Array(3).fill('a token'));
  assert.match(openid.oauth, /\/v2\.0$/);
  assert.match(openid.otherKey, /invalid_client.*not signed by/);
  // Over Basic the answer has a challenge, which the library tells of in place of the error.
  assert.match(openid.badSecret, /OAUTH_WWW_AUTHENTICATE_CHALLENGE 401/);
});

test('msal-node with a user: code and PKCE, cache, refresh, on behalf of; wrong verifiers, codes and assertions', async (t) => {
  const { server, demo, does } = await deployment(t);
  const [alice] = demo.users;
  const done = await does('msalUser');
  assert.equal(done.username, alice.userPrincipalName);
  assert.equal(done.oid, alice.id);
  assert.ok(done.fromCache && done.refreshed);
  assert.equal(done.oidc, alice.userPrincipalName);
  assert.ok(done.refreshedOidc);
  assert.match(done.wrongVerifier, /invalid_grant.*code_verifier/);
  assert.match(done.wrongCode, /invalid_grant.*not known/);
  assert.match(done.expiredCode, /invalid_grant.*expired/);
  assert.match(done.otherAddress, /invalid_grant.*redirect_uri/);
  assert.equal((await call(server.base, 'GET', '/beta/me', { token: done.forApi })).json.error.innerError.code, 'wrongAudience');
  assert.equal((await call(server.base, 'GET', '/beta/me', { token: done.onBehalf })).json.id, alice.id);
  assert.deepEqual(done.onBehalfOtherwise, ['a token', 'a token'], 'by certificate, and in OIDC mode');
  assert.match(done.badSecret, /invalid_client.*secret is wrong/);
  assert.match(done.foreign, /invalid_grant.*assertion/);
  assert.match(done.idToken, /invalid_grant.*assertion/);
});

// `heliograph token --device-code`, which says on stderr what is to be done.
async function commandLineDevice(t, server, demo) {
  const child = spawn(program, ['token', '--server', server.base, '--client-id', demo.clientApp.clientId, '--device-code', '--json'], { stdio: ['ignore', 'pipe', 'pipe'] });
  let out = '', said = '';
  child.stdout.on('data', (d) => (out += d));
  const ended = new Promise((resolve) => child.on('close', resolve));
  await new Promise((resolve) => child.stderr.on('data', (d) => { said += d; if (said.includes('\n')) resolve(); }));
  const [, address, code] = said.match(/open (\S+) in a browser and enter the code (\S+)/);
  const browser = await launch();
  t.after(() => browser.close());
  await allowDevice(await browser.newPage(), address, code, demo.users[0]);
  assert.equal(await ended, 0, said);
  return JSON.parse(out);
}

test('devices: msal-node, openid-client and the command line wait while their user allows it in a browser', async (t) => {
  const { server, demo, does } = await deployment(t);
  const [alice] = demo.users;
  const [msal, openid, commandLine] = await Promise.all([does('msalDevice'), does('openidDevice'), commandLineDevice(t, server, demo)]);
  assert.equal((await call(server.base, 'GET', '/beta/me', { token: commandLine.access_token })).json.id, alice.id);
  assert.equal(msal.username, alice.userPrincipalName);
  assert.equal((await call(server.base, 'GET', '/beta/me', { token: msal.accessToken })).json.id, alice.id);
  assert.equal(msal.oidc, alice.userPrincipalName);
  assert.match(msal.denied, /access_denied/);
  assert.match(msal.expired, /expired_token|device_code_expired/);
  assert.equal(openid.sub, alice.id);
  assert.deepEqual([openid.again, openid.expired], ['invalid_grant', 'expired_token']);
});

test('openid-client with a user: discovery, code and PKCE, userinfo, refresh, revocation; and after the keys were rotated to ES256', async (t) => {
  const { demo, data, does } = await deployment(t);
  const [alice] = demo.users;
  for (const algorithm of ['RS256', 'ES256']) {
    const done = await does('openidUser');
    assert.equal(done.algorithm, algorithm);
    assert.equal(done.claims.sub, alice.id);
    assert.deepEqual([done.info.sub, done.info.preferred_username], [alice.id, alice.userPrincipalName]);
    assert.ok(done.refreshed);
    assert.match(done.wrongVerifier, /invalid_grant/);
    assert.match(done.expiredCode, /invalid_grant.*expired/);
    assert.match(done.foreign, /invalid_grant.*another client/);
    assert.equal(done.afterForeignRevocation, alice.id, 'nobody ends what is not theirs');
    assert.match(done.revoked, /invalid_grant/);
    assert.match(done.revokedInfo, /OAUTH_WWW_AUTHENTICATE_CHALLENGE/);
    if (algorithm === 'ES256') break;
    const rotated = run(['key', 'rotate', '--algorithm', 'ES256', '--data', data]);
    assert.equal(rotated.status, 0, rotated.stderr);
    run(['user', 'sign-out', alice.userPrincipalName, '--data', data]);
  }
});
