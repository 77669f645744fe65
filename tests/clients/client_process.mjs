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

// As the library's documentation has it: requests as fetch knows them, BatchRequestContent, BatchResponseContent.
async function batch() {
  const user = graphClient(task.userToken);
  const url = `${base}/beta/me/notifications`;
  const post = (name) => new Request(url, { method: 'POST', headers: { 'Content-Type': 'application/json', 'X-UNS-ID': task.unsid, 'Idempotency-Key': name }, body: JSON.stringify({ targetHostName: demo.crossDeviceApp.hostName, appNotificationId: name, payload: { visualContent: { title: name, body: '' } } }) });
  const send = async (steps) => {
    const content = new graph.BatchRequestContent(steps);
    const answered = new graph.BatchResponseContent(await user.api('/$batch').post(await content.getContent()));
    return Promise.all([...answered.getResponses()].map(async ([id, response]) => {
      const text = await response.text();
      return { id, status: response.status, location: response.headers.get('Location'), body: text && JSON.parse(text) };
    }));
  };
  const inOrder = await send([
    { id: '1', request: post('first') },
    { id: '2', request: new Request(url), dependsOn: ['1'] },
    { id: '3', request: new Request(`${url}/${crypto.randomUUID()}`, { method: 'DELETE' }), dependsOn: ['2'] },
    { id: '4', request: post('never'), dependsOn: ['3'] },
  ]);
  const sideBySide = await send(Array.from({ length: 20 }, (_, i) => ({ id: `${i}`, request: post(`n${i}`) })));
  const listed = (await user.api('/me/notifications').top(100).get()).value.map((n) => n.appNotificationId);
  const refused = await user.api('/$batch').post({ requests: [] }).then(() => null, (e) => ({ statusCode: e.statusCode, code: e.code }));
  return { inOrder, sideBySide, listed, refused };
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
    await page.getByRole('button', { name: 'Allow', exact: true }).click();
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

const shapeOf = (e) => ({ name: e.constructor.name, statusCode: e.statusCode, code: e.code, message: e.message, requestId: e.requestId, date: e.date, body: JSON.parse(e.body) });
const failing = (request) => request.then(() => null, shapeOf);

// Pages by the client's own iterator, then the feed's changes by its delta link.
async function paging() {
  const user = graphClient(task.userToken);
  const all = async (first) => {
    const found = [];
    const pages = new graph.PageIterator(user, first, (item) => { found.push(item); return true; });
    await pages.iterate();
    return { found, deltaLink: pages.getDeltaLink() };
  };
  const first = await user.api('/me/notifications').top(10).count(true).get();
  const listed = await all(first);
  const synced = await all(await user.api('/me/notifications/delta').top(10).get());
  const [dismissed, removed] = listed.found;
  await user.api(`/me/notifications/${dismissed.id}`).patch({ userActionState: 'dismissed' });
  await user.api(`/me/notifications/${removed.id}`).delete();
  const changed = await all(await user.api(synced.deltaLink).get());
  const nothing = await all(await user.api(changed.deltaLink).get());
  return { count: first['@odata.count'], page: first.value.length, listed: listed.found.map((n) => n.id), synced: synced.found.map((n) => n.id), dismissed: dismissed.id, removed: removed.id, changed: changed.found, nothing: nothing.found };
}

async function errors() {
  const user = graphClient(task.userToken);
  const stranger = graphClient('not.a.token');
  return {
    badProperty: await failing(user.api('/me/notifications').post({ targetHostName: demo.crossDeviceApp.hostName, appNotificationId: '', payload: {} })),
    unknown: await failing(user.api('/me/notifications/11111111-1111-1111-1111-111111111111').get()),
    badToken: await failing(stranger.api('/me/notifications').get()),
    forbidden: await failing(user.api('/me/notifications').post({ targetHostName: 'another.example', appNotificationId: 'x', payload: { rawContent: 'x' } })),
    badDelta: await failing(user.api('/me/notifications/delta?$deltatoken=nonsense').get()),
  };
}

// One post; what stands between may make the client repeat it.
async function post() {
  const answer = await graphClient(task.userToken).api('/me/notifications').header('X-UNS-ID', task.unsid).post(task.body);
  return { id: answer.id, contentVersion: answer.contentVersion };
}

const work = { graph: postListPatchDelete, batch, wrongSecret, signIn, paging, errors, post };
process.stdout.write(JSON.stringify(await work[task.kind]()), () => process.exit(0));
