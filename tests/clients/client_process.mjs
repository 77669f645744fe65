// One client at work, told by standard input what to do; prints what it saw as JSON.
import { createServer } from 'node:http';
import { readFileSync } from 'node:fs';
import { ConfidentialClientApplication, CryptoProvider, PublicClientApplication } from '@azure/msal-node';
import graph from '@microsoft/microsoft-graph-client';
import { chromium } from 'playwright-core';

const task = JSON.parse(readFileSync(0, 'utf8'));
const { base, demo } = task;
const host = new URL(base).host;
const auth = { authority: `${base}/${demo.tenantId}`, knownAuthorities: [host] };
const scope = 'Notifications.ReadWrite.CreatedByApp';

const graphClient = (token) => graph.Client.initWithMiddleware({ baseUrl: `${base}/`, defaultVersion: 'beta', customHosts: new Set([new URL(base).hostname]), authProvider: { getAccessToken: async () => token } });

async function postListPatchDelete() {
  const app = new ConfidentialClientApplication({ auth: { ...auth, clientId: demo.appService.clientId, clientSecret: demo.appService.clientSecret } });
  const { accessToken } = await app.acquireTokenByClientCredential({ scopes: ['https://graph.microsoft.com/.default'] });
  const server = graphClient(accessToken);
  const user = graphClient(task.userToken);
  const posted = await server.api('/me/notifications').header('X-UNS-ID', task.unsid).post({ targetHostName: demo.crossDeviceApp.hostName, appNotificationId: 'graph', payload: { visualContent: { title: 'From the Graph client', body: '' } } });
  const listed = (await user.api('/me/notifications').get()).value.map((n) => n.id);
  const patched = await user.api(`/me/notifications/${posted.id}`).patch({ userActionState: 'dismissed' });
  await user.api(`/me/notifications/${posted.id}`).delete();
  const left = (await user.api('/me/notifications').get()).value;
  const error = await user.api(`/me/notifications/${posted.id}`).get().then(() => null, (e) => ({ statusCode: e.statusCode, code: e.code, requestId: e.requestId }));
  return { posted, listed, patched, left, error };
}

async function wrongSecret() {
  const app = new ConfidentialClientApplication({ auth: { ...auth, clientId: demo.appService.clientId, clientSecret: 'wrong' } });
  return app.acquireTokenByClientCredential({ scopes: ['https://graph.microsoft.com/.default'] }).then(() => ({ error: 'none' }), (e) => ({ error: `${e.errorCode} ${e.errorMessage}` }));
}

// A native client: it listens on loopback for the browser to come back with the code.
async function signIn() {
  const app = new PublicClientApplication({ auth: { ...auth, clientId: demo.clientApp.clientId } });
  const { verifier, challenge } = await new CryptoProvider().generatePkceCodes();
  let arrived;
  const code = new Promise((resolve) => (arrived = resolve));
  const listener = createServer((request, response) => { const url = new URL(request.url, 'http://localhost'); response.end('ok'); if (url.searchParams.get('code')) arrived(url.searchParams.get('code')); });
  await new Promise((resolve) => listener.listen(0, '127.0.0.1', resolve));
  const redirectUri = `http://127.0.0.1:${listener.address().port}/callback`;
  const scopes = [scope, 'offline_access'];
  const url = await app.getAuthCodeUrl({ scopes, redirectUri, codeChallenge: challenge, codeChallengeMethod: 'S256' });
  const browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', args: ['--no-sandbox', '--disable-gpu', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'] });
  try {
    const page = await (await browser.newContext({ ignoreHTTPSErrors: true })).newPage();
    await page.goto(url);
    await page.fill('#username', task.user.userPrincipalName);
    await page.fill('#password', 'not this one at all');
    await page.click('button');
    const wrongPassword = await page.textContent('[role=alert]');
    await page.fill('#password', task.user.password);
    await page.click('button');
    const granted = await code;
    const result = await app.acquireTokenByCode({ code: granted, scopes, redirectUri, codeVerifier: verifier });
    const refreshed = await app.acquireTokenSilent({ account: result.account, scopes, forceRefresh: true });
    const me = await graphClient(refreshed.accessToken).api('/me').get();
    const reused = await app.acquireTokenByCode({ code: granted, scopes, redirectUri, codeVerifier: verifier }).then(() => 'accepted', (e) => `${e.errorCode}`);
    return { username: result.account.username, oid: result.idTokenClaims.oid, scopes: result.scopes, accessToken: result.accessToken, refreshed: refreshed.accessToken, me, wrongPassword, reused };
  } finally {
    await browser.close();
    listener.close();
  }
}

const work = { graph: postListPatchDelete, wrongSecret, signIn };
process.stdout.write(JSON.stringify(await work[task.kind]()), () => process.exit(0));
