// People at the identity platform's own pages, in headless Chromium without script: what applications may do is taken away, browsers
// are signed out, an administrator sets up a one-time password and signs in with it.
import test from 'node:test';
import assert from 'node:assert/strict';
import { demoServer, run } from '../harness/server.mjs';
import { call } from '../harness/actors.mjs';
import { oneTimePassword } from '../harness/totp.mjs';
import { launch, passPages, press, redirectListener, signIn } from './browser.mjs';

const verifier = 'dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk', challenge = 'E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM';
const scope = 'openid offline_access Notifications.ReadWrite.CreatedByApp';

async function browsers(t) {
  const browser = await launch();
  t.after(() => browser.close());
  return async () => (await browser.newContext({ javaScriptEnabled: false })).newPage();
}

const authorizeUrl = (server, demo, uri) => `${server.base}/common/oauth2/v2.0/authorize?${new URLSearchParams({ client_id: demo.clientApp.clientId, response_type: 'code', redirect_uri: uri, scope, code_challenge: challenge, code_challenge_method: 'S256' })}`;

async function tokens(t, server, demo, page, user) {
  const listener = await redirectListener();
  t.after(listener.close);
  await page.goto(authorizeUrl(server, demo, listener.uri));
  await passPages(page, user);
  const code = (await listener.next()).searchParams.get('code');
  const form = new URLSearchParams({ grant_type: 'authorization_code', client_id: demo.clientApp.clientId, code, redirect_uri: listener.uri, code_verifier: verifier });
  return (await fetch(`${server.base}/common/oauth2/v2.0/token`, { method: 'POST', body: form })).json();
}

const status = async (server, token) => (await call(server.base, 'GET', '/beta/me', { token })).status;

test('a user sees what an application may do, takes it away, and signs out everywhere', async (t) => {
  const { server, demo } = await demoServer(t);
  const [alice] = demo.users;
  const open = await browsers(t);
  const desk = await open(), phone = await open();
  const first = await tokens(t, server, demo, desk, alice);
  assert.equal(await status(server, first.access_token), 200);

  await desk.goto(`${server.base}/account`);
  const main = await desk.textContent('main');
  for (const words of [alice.userPrincipalName, 'Demo app', 'Send you notifications', 'Keep this access', 'This browser']) assert.ok(main.includes(words), words);
  for (const input of await desk.locator('input:not([type=hidden])').all()) assert.ok(await desk.locator(`label[for=${await input.getAttribute('id')}]`).count());
  await Promise.all([desk.waitForEvent('framenavigated'), desk.getByRole('button', { name: 'Take away: Demo app' }).click()]);
  assert.match(await desk.textContent('[role=status]'), /any longer/);
  assert.equal(await status(server, first.access_token), 401);
  const form = new URLSearchParams({ grant_type: 'refresh_token', client_id: demo.clientApp.clientId, refresh_token: first.refresh_token });
  assert.equal((await fetch(`${server.base}/common/oauth2/v2.0/token`, { method: 'POST', body: form })).status, 400);

  // Asked again, and now in two browsers.
  const again = await tokens(t, server, demo, desk, alice), onPhone = await tokens(t, server, demo, phone, alice);
  await desk.goto(`${server.base}/account`);
  assert.equal(await desk.locator('section h3', { hasText: 'browser' }).count(), 2);
  await Promise.all([desk.waitForEvent('framenavigated'), desk.getByRole('button', { name: /^Sign out:/ }).first().click()]);
  const left = [await status(server, again.access_token), await status(server, onPhone.access_token)].sort();
  assert.deepEqual(left, [200, 401]);
  const remaining = await phone.goto(`${server.base}/account`).then(() => phone.locator('#username').count()) ? desk : phone;
  await remaining.goto(`${server.base}/account`);
  await press(remaining, 'Sign out everywhere');
  assert.deepEqual([await status(server, again.access_token), await status(server, onPhone.access_token)], [401, 401]);
});

test('an administrator sets up a one-time password, is asked for it, and loses it', async (t) => {
  const { server, demo, data } = await demoServer(t);
  const root = demo.administrator;
  const open = await browsers(t);
  const page = await open();
  await page.goto(`${server.base}/account`);
  await signIn(page, root);
  const key = await page.textContent('.key code');
  await page.fill('#totp', '000000x');
  await press(page, 'Set up');
  assert.match(await page.textContent('[role=status]'), /was not/);
  const seed = await page.textContent('.key code');
  assert.notEqual(seed, key, 'each page has a key of its own');
  await page.fill('#totp', oneTimePassword(seed));
  await press(page, 'Set up');
  assert.match(await page.textContent('[role=status]'), /is set up/);
  assert.equal(await page.locator('.key').count(), 0);

  const other = await open();
  await other.goto(`${server.base}/account`);
  await signIn(other, root);
  await other.fill('#code', '123');
  await press(other, 'Sign in');
  assert.match(await other.textContent('[role=alert]'), /wrong/);
  // A neighbouring step's password is good too, and each is good once.
  await other.fill('#code', oneTimePassword(seed, Date.now() + 30_000));
  await press(other, 'Sign in');
  assert.ok((await other.textContent('main')).includes('Where you are signed in'));
  const third = await open();
  await third.goto(`${server.base}/account`);
  await signIn(third, root);
  await third.fill('#code', oneTimePassword(seed));
  await press(third, 'Sign in');
  assert.match(await third.textContent('[role=alert]'), /was used/);

  assert.equal(run(['user', 'remove-one-time-password', root.userPrincipalName, '--data', data]).status, 0);
  const fourth = await open();
  await fourth.goto(`${server.base}/account`);
  await signIn(fourth, root);
  assert.ok((await fourth.textContent('main')).includes('Where you are signed in'));
});
