// The service worker of docs/examples in headless Chromium: what Heliograph pushed to pushsim, decrypted there, is delivered to it;
// it fetches the notification by the signal's ticket from another origin, shows it, and settles it. SERVICE_WORKER_SHOTS=DIR keeps a picture.
import test from 'node:test';
import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { chromium } from 'playwright-core';
import { call, concerns, Live, notification } from '../harness/actors.mjs';
import { until } from '../harness/server.mjs';
import { device, pushDeployment, report } from '../harness/pushes.mjs';

const folder = path.resolve(import.meta.dirname, '../../docs/examples/service-worker');
const types = { '.html': 'text/html', '.js': 'text/javascript' };

async function exampleServer(t) {
  const server = createServer(({ url }, response) => {
    const name = new URL(url, 'http://x').pathname.slice(1) || 'index.html';
    if (!['index.html', 'worker.js'].includes(name)) return response.writeHead(404).end();
    response.writeHead(200, { 'Content-Type': types[path.extname(name)] }).end(readFileSync(path.join(folder, name)));
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => server.close());
  return `http://127.0.0.1:${server.address().port}`;
}

// The example's page with its worker: `push(text)` delivers a message as the browser's push service would.
async function openExample(t, { api, host }) {
  const origin = await exampleServer(t);
  const browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', args: ['--no-sandbox', '--disable-gpu', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'] });
  t.after(() => browser.close());
  const context = await browser.newContext();
  await context.grantPermissions(['notifications'], { origin });
  const page = await context.newPage();
  const faults = [];
  page.on('pageerror', (error) => faults.push(error.message));
  const cdp = await context.newCDPSession(page);
  let registrationId;
  cdp.on('ServiceWorker.workerRegistrationUpdated', ({ registrations }) => (registrationId ??= registrations.find((one) => one.scopeURL.startsWith(origin))?.registrationId));
  await cdp.send('ServiceWorker.enable');
  await page.goto(`${origin}/?${new URLSearchParams({ api, host })}`);
  await page.waitForFunction(() => document.querySelector('output').textContent === 'ready');
  const worker = context.serviceWorkers()[0] ?? (await context.waitForEvent('serviceworker'));
  await until(() => registrationId, { what: 'the registration' });
  // A push to a worker that is not active yet is lost, and so is what may not be shown yet.
  await until(() => worker.evaluate(() => self.registration.active?.state === 'activated' && Notification.permission === 'granted'), { what: 'the active worker, and leave to show' });
  const push = (data) => cdp.send('ServiceWorker.deliverPushMessage', { origin, registrationId, data });
  const shown = () => worker.evaluate(async () => (await self.registration.getNotifications()).map(({ title, body, tag }) => ({ title, body, tag })));
  // The debugging protocol's push has no answer, and on a busy machine it is lost where the worker just begins: again, as a push service
  // would, until something is shown.
  const showsAfter = (data, what) => {
    let pushed = -Infinity;
    return until(async () => {
      if ((await shown()).length === 1) return true;
      if (performance.now() - pushed < 5000) return false;
      pushed = performance.now();
      await push(data);
      return false;
    }, { what });
  };
  // As a click on the cross does; a headless browser has none.
  const dismiss = (tag) => worker.evaluate(async (one) => {
    const [found] = await self.registration.getNotifications({ tag: one });
    await self.settle(found, 'dismissed');
    found.close();
  }, tag);
  return { page, showsAfter, shown, dismiss, faults };
}

test('a push is shown and settled by its ticket, without a token, and the other devices hear of it', { timeout: 300_000 }, async (t) => {
  const at = await pushDeployment(t);
  const [alice] = at.demo.users;
  const browser = await device(at, alice, 'webPush'), phone = await device(at, alice, 'fcm', { deviceId: 'phone' });
  const example = await openExample(t, { api: at.base, host: at.demo.crossDeviceApp.hostName });
  const other = await Live.open(at.base, phone.token);
  t.after(() => other.close());

  const body = notification(at.demo, { payload: { visualContent: { title: 'Parcel', body: 'Bay 4' } } });
  const posted = await call(at.base, 'POST', '/beta/me/notifications', { token: at.app, unsid: phone.unsid, body });
  assert.equal(posted.status, 201, posted.raw);
  const { id } = posted.json;
  const pushed = await until(() => at.sim.last({ platform: 'webPush', kind: 'push' }), { what: 'the push' });
  assert.equal(pushed.outcome, 'accepted', JSON.stringify(pushed));

  await example.showsAfter(pushed.message, 'the notification');
  assert.deepEqual(await example.shown(), [{ title: 'Parcel', body: 'Bay 4', tag: id }]);
  await until(async () => (await report(at, phone.unsid, id)).get(browser.id).state === 'acknowledged', { what: 'that it was fetched', seconds: 120 });

  await example.dismiss(id);
  const after = await call(at.base, 'GET', `/beta/me/notifications/${id}`, { token: phone.token });
  assert.equal(after.json.userActionState, 'dismissed');
  assert.equal(after.json.handledBy.deviceName, 'webPush');
  await other.next((message) => concerns(id)(message) && message.activities[0].userActionState === 2);
  const silent = await until(async () => (await at.sim.received({ platform: 'fcm', kind: 'push' })).find((one) => !one.body.message.notification), { what: 'the silent push' });
  assert.equal(JSON.parse(silent.body.message.data.activities)[0].userActionState, 2);

  // A push that comes late finds that it was handled.
  await until(async () => (await example.shown()).length === 0, { what: 'nothing' });
  await example.showsAfter(pushed.message, 'what the browser wants to see');
  assert.equal((await example.shown())[0].tag, 'nothing');
  assert.deepEqual(example.faults, []);
  assert.ok(!at.server.log.includes(pushed.messageJson.ticket), 'the ticket is in the log');
});
