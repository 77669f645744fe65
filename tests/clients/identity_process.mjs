// MSAL for Node and openid-client at work on the identity platform, told by standard input what to do; prints what it saw as JSON.
import { readFileSync } from 'node:fs';
import { createPrivateKey } from 'node:crypto';
import { ConfidentialClientApplication, CryptoProvider, PublicClientApplication } from '@azure/msal-node';
import * as openid from 'openid-client';
import { expireCode, expireDevice } from '../harness/grants.mjs';
import { allowDevice, denyDevice, launch, passPages, redirectListener } from './browser.mjs';

const task = JSON.parse(readFileSync(0, 'utf8'));
const { base, demo, orders, user } = task;
const scope = 'Notifications.ReadWrite.CreatedByApp';
const resource = ['https://graph.microsoft.com/.default'];
const aad = { authority: `${base}/${demo.tenantId}`, knownAuthorities: [new URL(base).host] };
const oidc = { authority: `${base}/`, knownAuthorities: [new URL(base).host] };
const outcome = (work) => work.then((result) => result?.accessToken ?? result?.access_token ? 'a token' : result ? 'an answer' : 'nothing', (e) => `${e.errorCode ?? e.error ?? e.code} ${e.errorMessage ?? e.error_description ?? e.message}`);

async function withPage(work) {
  const browser = await launch();
  try {
    return await work(await (await browser.newContext({ ignoreHTTPSErrors: true })).newPage());
  } finally {
    await browser.close();
  }
}

function msal({ oidcMode = false, ...auth }, Kind = ConfidentialClientApplication) {
  return new Kind({ auth: { ...(oidcMode ? oidc : aad), ...auth }, system: oidcMode ? { protocolMode: 'OIDC' } : {} });
}

// Client credentials, by secret and by certificate, right and wrong.
async function msalApplication() {
  const ask = (auth) => outcome(msal({ clientId: orders.clientId, ...auth }).acquireTokenByClientCredential({ scopes: resource }));
  const certificate = { thumbprintSha256: task.thumbprint, privateKey: task.privateKey };
  const signed = msal({ clientId: orders.clientId, clientCertificate: certificate });
  const again = () => outcome(signed.acquireTokenByClientCredential({ scopes: resource, skipCache: true }));
  return {
    secret: await ask({ clientSecret: orders.clientSecret }),
    secretOidc: await ask({ clientSecret: orders.clientSecret, oidcMode: true }),
    certificate: [await again(), await again()],
    certificateOidc: await ask({ clientCertificate: certificate, oidcMode: true }),
    badSecret: await ask({ clientSecret: 'not this one' }),
    badCertificate: await ask({ clientCertificate: { ...certificate, privateKey: task.otherPrivateKey } }),
  };
}

// A user of a native client: the browser, a code, the cache, a refresh, an API of another application, and it on behalf of the user.
async function msalUser() {
  const listener = await redirectListener();
  const api = `api://${orders.clientId}/access_as_user`;
  try {
    return await withPage(async (page) => {
      const one = async (oidcMode, scopes, change = () => ({})) => {
        const app = msal({ clientId: demo.clientApp.clientId, oidcMode }, PublicClientApplication);
        const { verifier, challenge } = await new CryptoProvider().generatePkceCodes();
        await page.goto(await app.getAuthCodeUrl({ scopes, redirectUri: listener.uri, codeChallenge: challenge, codeChallengeMethod: 'S256' }));
        await passPages(page, user);
        const code = (await listener.next()).searchParams.get('code');
        return { app, redeemed: app.acquireTokenByCode({ code, scopes, redirectUri: listener.uri, codeVerifier: verifier, ...change(code) }) };
      };
      const first = await one(false, [scope, 'offline_access']);
      const result = await first.redeemed;
      const cached = await first.app.acquireTokenSilent({ account: result.account, scopes: [scope] });
      const refreshed = await first.app.acquireTokenSilent({ account: result.account, scopes: [scope], forceRefresh: true });
      const second = await one(true, [scope, 'offline_access']), inOidc = await second.redeemed;
      const silentOidc = await second.app.acquireTokenSilent({ account: inOidc.account, scopes: [scope], forceRefresh: true });
      const wrong = async (change) => outcome((await one(false, [scope], change)).redeemed);
      const wrongVerifier = await wrong(() => ({ codeVerifier: 'x'.repeat(43) }));
      const wrongCode = await wrong(() => ({ code: 'of-long-ago' }));
      const expiredCode = await wrong((code) => { expireCode(task.data, code); return {}; });
      const otherAddress = await wrong(() => ({ redirectUri: 'http://127.0.0.1/elsewhere' }));
      const forApi = await (await one(false, [api])).redeemed;
      const certificate = { thumbprintSha256: task.thumbprint, privateKey: task.privateKey };
      const onBehalf = (oboAssertion, auth = { clientSecret: orders.clientSecret }) => msal({ clientId: orders.clientId, ...auth }).acquireTokenOnBehalfOf({ oboAssertion, scopes: [`https://graph.microsoft.com/${scope}`], skipCache: true });
      const acted = await onBehalf(forApi.accessToken);
      return {
        username: result.account.username, oid: result.idTokenClaims.oid, fromCache: cached.accessToken === result.accessToken, refreshed: refreshed.accessToken !== result.accessToken,
        oidc: inOidc.account.username, refreshedOidc: silentOidc.accessToken !== inOidc.accessToken, wrongVerifier, wrongCode, expiredCode, otherAddress, forApi: forApi.accessToken, onBehalf: acted.accessToken,
        onBehalfOtherwise: [await outcome(onBehalf(forApi.accessToken, { clientCertificate: certificate })), await outcome(onBehalf(forApi.accessToken, { clientSecret: orders.clientSecret, oidcMode: true }))],
        foreign: await outcome(onBehalf(result.accessToken)), idToken: await outcome(onBehalf(result.idToken)), badSecret: await outcome(onBehalf(forApi.accessToken, { clientSecret: 'not this one' })),
      };
    });
  } finally {
    listener.close();
  }
}

async function msalDevice() {
  return withPage(async (page) => {
    const another = async () => (await page.context().browser().newContext({ ignoreHTTPSErrors: true })).newPage();
    const ask = (then, oidcMode = false) => msal({ clientId: demo.clientApp.clientId, oidcMode }, PublicClientApplication).acquireTokenByDeviceCode({ scopes: [scope], deviceCodeCallback: then });
    // The library does not wait for what its callback began.
    const decided = [];
    const typed = (decide, at) => ({ verificationUri, userCode }) => { decided.push(decide(at, verificationUri, userCode, user)); };
    const [result, inOidc, denied, expired] = await Promise.all([
      ask(typed(allowDevice, page)), ask(typed(allowDevice, await another()), true), outcome(ask(typed(denyDevice, await another()))), outcome(ask(({ deviceCode }) => expireDevice(task.data, deviceCode)))]);
    await Promise.all(decided);
    return { username: result.account.username, accessToken: result.accessToken, oidc: inOidc.account.username, denied, expired };
  });
}

const issuer = new URL(`${base}/${demo.tenantId}/v2.0`);

async function openidUser() {
  const listener = await redirectListener();
  try {
    return await withPage(async (page) => {
      const config = await openid.discovery(issuer, demo.clientApp.clientId, undefined, openid.None());
      const verifier = openid.randomPKCECodeVerifier(), state = openid.randomState(), nonce = openid.randomNonce();
      const scopes = `openid profile email offline_access ${scope}`;
      const url = openid.buildAuthorizationUrl(config, { redirect_uri: listener.uri, scope: scopes, state, nonce, code_challenge: await openid.calculatePKCECodeChallenge(verifier), code_challenge_method: 'S256' });
      await page.goto(url.href);
      await passPages(page, user);
      const back = await listener.next();
      const expected = { pkceCodeVerifier: verifier, expectedState: state, expectedNonce: nonce };
      const wrongVerifier = await outcome(openid.authorizationCodeGrant(config, back, { ...expected, pkceCodeVerifier: 'y'.repeat(43) }));
      const tokens = await openid.authorizationCodeGrant(config, back, expected);
      const claims = tokens.claims();
      const info = await openid.fetchUserInfo(config, tokens.access_token, claims.sub);
      const refreshed = await openid.refreshTokenGrant(config, tokens.refresh_token);
      const other = await openid.discovery(issuer, orders.clientId, undefined, openid.ClientSecretPost(orders.clientSecret));
      const foreign = await outcome(openid.refreshTokenGrant(other, refreshed.refresh_token));
      await openid.tokenRevocation(other, refreshed.refresh_token);
      const afterForeignRevocation = await openid.fetchUserInfo(config, tokens.access_token, claims.sub).then((found) => found.sub);
      await page.goto(url.href);
      const late = await listener.next();
      expireCode(task.data, late.searchParams.get('code'));
      const expiredCode = await outcome(openid.authorizationCodeGrant(config, late, expected));
      await openid.tokenRevocation(config, refreshed.refresh_token);
      return {
        foreign, afterForeignRevocation, expiredCode, algorithm: JSON.parse(Buffer.from(tokens.id_token.split('.')[0], 'base64url')).alg, claims, info, wrongVerifier, refreshed: refreshed.access_token !== tokens.access_token,
        revoked: await outcome(openid.refreshTokenGrant(config, refreshed.refresh_token)), revokedInfo: await outcome(openid.fetchUserInfo(config, tokens.access_token, claims.sub)),
      };
    });
  } finally {
    listener.close();
  }
}

async function openidApplication() {
  const key = await crypto.subtle.importKey('pkcs8', createPrivateKey(task.jwkPrivateKey).export({ type: 'pkcs8', format: 'der' }), { name: 'ECDSA', namedCurve: 'P-256' }, false, ['sign']);
  const other = (await crypto.subtle.generateKey({ name: 'ECDSA', namedCurve: 'P-256' }, false, ['sign'])).privateKey;
  const grant = async (authentication) => openid.clientCredentialsGrant(await openid.discovery(issuer, orders.clientId, undefined, authentication), { scope: resource[0] });
  const shape = (work) => work.then((tokens) => tokens.access_token ? 'a token' : 'nothing', (e) => `${e.error ?? e.code} ${e.error_description ?? e.status}`);
  return {
    privateKey: await shape(grant(openid.PrivateKeyJwt(key))),
    basic: await shape(grant(openid.ClientSecretBasic(orders.clientSecret))),
    post: await shape(grant(openid.ClientSecretPost(orders.clientSecret))),
    oauth: (await openid.discovery(issuer, orders.clientId, undefined, openid.ClientSecretPost(orders.clientSecret), { algorithm: 'oauth2' })).serverMetadata().issuer,
    otherKey: await shape(grant(openid.PrivateKeyJwt(other))),
    badSecret: await shape(grant(openid.ClientSecretBasic('not this one'))),
  };
}

async function openidDevice() {
  return withPage(async (page) => {
    const config = await openid.discovery(issuer, demo.clientApp.clientId, undefined, openid.None());
    const begun = await openid.initiateDeviceAuthorization(config, { scope: `openid ${scope}` });
    const [tokens] = await Promise.all([openid.pollDeviceAuthorizationGrant(config, begun), allowDevice(page, begun.verification_uri, begun.user_code, user)]);
    const late = await openid.initiateDeviceAuthorization(config, { scope });
    expireDevice(task.data, late.device_code);
    const expired = await openid.pollDeviceAuthorizationGrant(config, { ...late, interval: 0 }).then(() => 'a token', (e) => e.error);
    const again = await openid.pollDeviceAuthorizationGrant(config, { ...begun, interval: 0 }).then(() => 'a token', (e) => e.error);
    return { sub: tokens.claims().sub, again, expired };
  });
}

// A user and applications of another issuer, whose own pages are filled in.
async function elsewhere() {
  const there = new URL(task.issuer);
  const listener = await redirectListener();
  try {
    return await withPage(async (page) => {
      const config = await openid.discovery(there, 'app-there', undefined, openid.None());
      const verifier = openid.randomPKCECodeVerifier();
      await page.goto(openid.buildAuthorizationUrl(config, { redirect_uri: listener.uri, scope: `openid ${scope}`, code_challenge: await openid.calculatePKCECodeChallenge(verifier), code_challenge_method: 'S256' }).href);
      await page.fill('input[name=login]', task.subject);
      await page.fill('input[name=password]', 'anything');
      await page.click('button[type=submit]');
      await page.getByRole('button', { name: 'Continue' }).click();
      const tokens = await openid.authorizationCodeGrant(config, await listener.next(), { pkceCodeVerifier: verifier });
      const alone = async (id, secret, resource = 'api://heliograph') => (await openid.clientCredentialsGrant(await openid.discovery(there, id, undefined, openid.ClientSecretBasic(secret)), { scope, resource })).access_token;
      return { user: tokens.access_token, idToken: tokens.id_token, application: await alone('service-there', 'of-the-service'), stranger: await alone('stranger-there', 'of-the-stranger'), otherAudience: await alone('service-there', 'of-the-service', 'https://other.example') };
    });
  } finally {
    listener.close();
  }
}

const work = { elsewhere, msalApplication, msalUser, msalDevice, openidUser, openidApplication, openidDevice };
process.stdout.write(JSON.stringify(await work[task.kind]()), () => process.exit(0));
