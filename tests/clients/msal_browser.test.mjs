// Unmodified msal-browser in a page of another origin: redirect and pop-up in headless Chromium, in both of its protocol modes, and
// its OIDC mode in headless Firefox.
import test from 'node:test';
import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { createRequire } from 'node:module';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import puppeteer from 'puppeteer-core';
import { demoServer, run } from '../harness/server.mjs';
import { expireCode } from '../harness/grants.mjs';
import { launch, passPages, press, signIn } from './browser.mjs';

const library = path.resolve(path.dirname(createRequire(import.meta.url).resolve('@azure/msal-browser')), '../lib');
const files = {
  '/msal-browser.js': 'msal-browser.min.js',
  '/msal-redirect-bridge.js': 'redirect-bridge/msal-redirect-bridge.min.js',
};
const pages = {
  '/': '<!doctype html><title>Page</title><script src="/msal-browser.js"></script>',
  '/other': '<!doctype html><title>Another application</title>',
  // Where a pop-up lands: it hands its answer to the page that opened it.
  '/back': '<!doctype html><title>Back</title><script src="/msal-redirect-bridge.js"></script><script>msalRedirectBridge.broadcastResponseToMainFrame()</script>',
};

async function pageServer(t) {
  const server = createServer((request, response) => {
    const name = request.url.split('?')[0];
    const script = files[name];
    response.writeHead(script || pages[name] ? 200 : 404, { 'Content-Type': script ? 'text/javascript' : 'text/html' });
    response.end(script ? readFileSync(path.join(library, script)) : pages[name] ?? '');
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => { server.closeAllConnections(); server.close(); });
  return `http://127.0.0.1:${server.address().port}`;
}

// A deployment, a page's server, and the page's registration.
async function deployment(t) {
  const { server, demo, data } = await demoServer(t, { tls: true });
  const origin = await pageServer(t);
  const added = run(['app', 'add', '--name', 'Page', '--redirect-uri', `spa=${origin}/`, '--redirect-uri', `spa=${origin}/back`, '--data', data, '--json']);
  assert.equal(added.status, 0, added.stderr);
  const settings = (protocolMode, change = {}) => ({
    auth: { clientId: JSON.parse(added.stdout).clientId, authority: protocolMode === 'OIDC' ? `${server.tls}/` : `${server.tls}/${demo.tenantId}`, knownAuthorities: [new URL(server.tls).host], redirectUri: `${origin}/`, ...change },
    system: { protocolMode }, cache: { cacheLocation: 'localStorage' },
  });
  return { server, demo, data, origin, settings, user: demo.users[0] };
}

const request = { scopes: ['Notifications.ReadWrite.CreatedByApp', 'offline_access'] };

// In the page.
async function begin({ settings, request }) {
  const app = await msal.createStandardPublicClientApplication(settings);
  await app.handleRedirectPromise();
  app.loginRedirect(request);
}
async function afterRedirect({ settings, request }) {
  const app = await msal.createStandardPublicClientApplication(settings);
  const back = await app.handleRedirectPromise().catch((e) => ({ error: `${e.errorCode} ${e.errorMessage}` }));
  if (!back || back.error) return { error: back?.error ?? 'nothing came back' };
  const [account] = app.getAllAccounts();
  const cached = await app.acquireTokenSilent({ ...request, account });
  const renewed = await app.acquireTokenSilent({ ...request, account, forceRefresh: true });
  return { username: account.username, fromCache: cached.accessToken === back.accessToken, renewed: renewed.accessToken !== back.accessToken };
}
async function popUp({ settings, request }) {
  const app = await msal.createStandardPublicClientApplication(settings);
  const result = await app.loginPopup(request).catch((e) => ({ error: `${e.errorCode} ${e.errorMessage}` }));
  return result.error ? { error: result.error } : { username: result.account.username, token: typeof result.accessToken };
}

async function chromiumPage(t) {
  const browser = await launch();
  t.after(() => browser.close());
  return (await browser.newContext({ ignoreHTTPSErrors: true })).newPage();
}

for (const mode of ['AAD', 'OIDC']) {
  test(`msal-browser in Chromium, ${mode} mode: redirect, cache, refresh, pop-up`, async (t) => {
    const { origin, settings, user } = await deployment(t);
    const page = await chromiumPage(t);
    await page.goto(origin);
    await Promise.all([page.locator('#username').waitFor(), page.evaluate(begin, { settings: settings(mode), request }).catch(() => {})]);
    await passPages(page, user);
    await page.waitForURL(`${origin}/**`);
    await page.waitForFunction(() => 'msal' in window);
    const done = await page.evaluate(afterRedirect, { settings: settings(mode), request });
    assert.deepEqual(done, { username: user.userPrincipalName, fromCache: true, renewed: true });
    // Signed in by now: the pop-up comes back by itself.
    const popped = await page.evaluate(popUp, { settings: settings(mode, { redirectUri: `${origin}/back` }), request });
    assert.deepEqual(popped, { username: user.userPrincipalName, token: 'string' });
  });
}

test('msal-browser in Chromium is told what is wrong: not allowed, an unknown scope, a redirect URI of nobody', async (t) => {
  const { server, origin, settings, user } = await deployment(t);
  const page = await chromiumPage(t);
  const start = async (change, scopes) => {
    await page.goto(origin);
    await page.evaluate(() => localStorage.clear());
    await page.evaluate(begin, { settings: settings('OIDC', change), request: scopes ? { scopes } : request }).catch(() => {});
  };
  const told = async () => {
    await page.waitForURL((url) => url.origin === origin && url.hash.includes('error='));
    await page.waitForFunction(() => 'msal' in window);
    return (await page.evaluate(afterRedirect, { settings: settings('OIDC'), request })).error;
  };
  await start({});
  await page.locator('#username').waitFor();
  await signIn(page, user);
  await press(page, 'Do not allow');
  assert.match(await told(), /access_denied/);
  await start({}, ['Mail.Read']);
  assert.match(await told(), /invalid_scope.*Mail\.Read/);
  await start({ redirectUri: 'http://127.0.0.1/elsewhere' });
  await page.waitForURL(`${server.tls}/**`);
  assert.match(await page.textContent('main'), /redirect_uri/);
});

test('msal-browser in Chromium is told what is wrong with a code: expired, of another client, another verifier', async (t) => {
  const { server, demo, data, origin, settings, user } = await deployment(t);
  const page = await chromiumPage(t);
  const clientApp = { clientId: demo.clientApp.clientId };
  const other = run(['app', 'add-redirect-uri', demo.clientApp.clientId, '--kind', 'spa', '--uri', `${origin}/other`, '--data', data]);
  assert.equal(other.status, 0, other.stderr);
  // Where the browser lands with a code.
  const land = async (change) => {
    await page.goto(origin);
    await page.evaluate(() => { localStorage.clear(); sessionStorage.clear(); });
    await page.evaluate(begin, { settings: settings('OIDC', change), request }).catch(() => {});
    const landed = page.waitForURL((url) => url.hash.includes('code='));
    await Promise.race([page.locator('main button').first().waitFor().catch(() => {}), landed]);
    await passPages(page, user);
    await landed;
    return new URLSearchParams(new URL(page.url()).hash.slice(1)).get('code');
  };
  const told = async (change = () => {}) => {
    await page.waitForFunction(() => 'msal' in window);
    await page.route(`${server.tls}/**/token*`, (route) => {
      const form = new URLSearchParams(route.request().postData());
      change(form);
      return route.continue({ postData: form.toString() });
    });
    const { error } = await page.evaluate(afterRedirect, { settings: settings('OIDC'), request });
    await page.unroute(`${server.tls}/**/token*`);
    return error;
  };
  expireCode(data, await land());
  assert.match(await told(), /invalid_grant.*expired/);
  await land();
  assert.match(await told((form) => form.set('code_verifier', 'x'.repeat(43))), /invalid_grant.*code_verifier/);
  const foreign = await land({ ...clientApp, redirectUri: `${origin}/other` });
  await land();
  assert.match(await told((form) => form.set('code', foreign)), /invalid_grant.*another client/);
});

test('msal-browser in Firefox, OIDC mode: redirect, cache, refresh', async (t) => {
  const { origin, settings, user } = await deployment(t);
  const browser = await puppeteer.launch({ browser: 'firefox', executablePath: process.env.FIREFOX ?? '/usr/bin/firefox-esr', headless: true, acceptInsecureCerts: true });
  t.after(() => browser.close());
  const page = await browser.newPage();
  await page.goto(origin);
  await page.evaluate(begin, { settings: settings('OIDC'), request }).catch(() => {});
  await page.waitForSelector('#username');
  await page.type('#username', user.userPrincipalName);
  await page.type('#password', user.password);
  await Promise.all([page.waitForNavigation(), page.click('button[type=submit]')]);
  await page.waitForSelector('button[value=allow]');
  await Promise.all([page.waitForNavigation(), page.click('button[value=allow]')]);
  await page.waitForFunction(() => location.pathname === '/' && 'msal' in window);
  const done = await page.evaluate(afterRedirect, { settings: settings('OIDC'), request });
  assert.deepEqual(done, { username: user.userPrincipalName, fromCache: true, renewed: true });
});
