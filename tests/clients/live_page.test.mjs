// A page of another origin shows a user's feed live in headless Chromium: by EventSource and by WebSocket, opened with a
// ticket. LIVE_PAGE_SHOTS=DIR keeps pictures of it.
import test from 'node:test';
import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { readFileSync, rmSync } from 'node:fs';
import path from 'node:path';
import { chromium } from 'playwright-core';
import { initDemo, Server, temporaryFolder } from '../harness/server.mjs';
import { appToken, call, notification, subscribe, userToken } from '../harness/actors.mjs';

const html = readFileSync(path.resolve(import.meta.dirname, 'live_page/index.html'));

async function pageServer(t) {
  const server = createServer((request, response) => response.writeHead(200, { 'Content-Type': 'text/html' }).end(html));
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => server.close());
  return `http://127.0.0.1:${server.address().port}`;
}

async function browser(t) {
  const started = await chromium.launch({ executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', args: ['--no-sandbox', '--disable-gpu', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'] });
  t.after(() => started.close());
  return started;
}

async function watched(t, how) {
  const folder = temporaryFolder();
  const data = path.join(folder, 'data');
  const demo = initDemo(data);
  let server = await Server.start(data);
  t.after(async () => { await server.stop(); rmSync(folder, { recursive: true, force: true }); });
  const { base } = server;
  const token = userToken(data, demo, demo.users[0]);
  const app = await appToken(base, demo);
  const desk = await subscribe(base, token, { deviceId: 'desk' });
  const page = await (await browser(t)).newPage({ viewport: { width: 800, height: 500 } });
  const faults = [];
  page.on('pageerror', (error) => faults.push(error.message));
  const query = new URLSearchParams({ base, token, subscription: desk.id, how });
  await page.goto(`${await pageServer(t)}/?${query}`);
  await page.waitForFunction(() => document.getElementById('state').textContent.startsWith('live by'));
  const post = async (title) => {
    const body = notification(demo, { appNotificationId: title, payload: { visualContent: { title, body: 'seen in a browser' } } });
    const answer = await call(base, 'POST', '/beta/me/notifications', { token: app, unsid: desk.unsid, body });
    assert.equal(answer.status, 201, answer.raw);
    return answer.json.id;
  };
  const patch = async (id, body) => assert.equal((await call(base, 'PATCH', `/beta/me/notifications/${id}`, { token, body })).status, 200);
  const shot = (name) => process.env.LIVE_PAGE_SHOTS && page.screenshot({ path: path.join(process.env.LIVE_PAGE_SHOTS, `${how}-${name}.png`) });
  const restart = async () => { await server.stop(); server = await Server.start(data, { listen: new URL(base).host }); };
  return { page, post, patch, shot, restart, faults };
}

for (const how of ['events', 'websocket']) {
  test(`by ${how}: a post appears, a snoozed one is set aside, a dismissed one goes, and a restart loses nothing`, async (t) => {
    const { page, post, patch, shot, restart, faults } = await watched(t, how);
    const item = (id) => page.locator(`li[data-id="${id}"]`);
    const first = await post('Parcel arrived');
    await item(first).waitFor();
    const second = await post('Table for two');
    await item(second).waitFor();
    assert.equal(await page.textContent('#unread'), '2');
    assert.equal(await page.getAttribute('body', 'data-pops'), '2');
    await shot('two');

    await patch(second, { userActionState: 'snoozed', snoozeUntilDateTime: new Date(Date.now() + 3_600_000).toISOString() });
    await page.locator(`li.snoozed[data-id="${second}"]`).waitFor();
    await patch(first, { userActionState: 'dismissed' });
    await item(first).waitFor({ state: 'detached' });
    await shot('one snoozed');

    await restart();
    const third = await post('Posted while the page was away');
    await item(third).waitFor();
    assert.match(await page.textContent('#log'), /close .*1012/);
    assert.equal(await page.getAttribute('body', 'data-pops'), '3', 'what was handled or set aside pops up no more');
    await shot('after a restart');
    assert.deepEqual(faults, []);
    t.diagnostic((await page.textContent('#log')).trim());
  });
}
