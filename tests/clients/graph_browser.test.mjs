// The unmodified Graph client library in a page of headless Chromium, of another origin and over TLS: preflights, pages,
// errors, and a repetition after a 429.
import test from 'node:test';
import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { createRequire } from 'node:module';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { chromium } from 'playwright-core';
import { demoBehindProxy } from '../harness/proxy.mjs';
import { notification, subscribe, userToken } from '../harness/actors.mjs';

const library = path.resolve(path.dirname(createRequire(import.meta.url).resolve('@microsoft/microsoft-graph-client')), '../graph-js-sdk.js');

async function pageServer(t) {
  const server = createServer((request, response) => {
    const script = request.url === '/graph-js-sdk.js';
    response.writeHead(200, { 'Content-Type': script ? 'text/javascript' : 'text/html' });
    response.end(script ? readFileSync(library) : '<!doctype html><title>Graph client</title><script src="graph-js-sdk.js"></script>');
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => server.close());
  return `http://127.0.0.1:${server.address().port}/`;
}

// In the page.
async function work({ base, token, unsid, bodies }) {
  const { Client, PageIterator } = window.MicrosoftGraph;
  const user = Client.initWithMiddleware({ baseUrl: `${base}/`, defaultVersion: 'beta', customHosts: new Set(['127.0.0.1']), authProvider: { getAccessToken: async () => token } });
  const posted = [];
  for (const body of bodies) posted.push(await user.api('/me/notifications').header('X-UNS-ID', unsid).post(body));
  const listed = [];
  await new PageIterator(user, await user.api('/me/notifications').top(2).get(), (item) => listed.push(item.id) > 0).iterate();
  const patched = await user.api(`/me/notifications/${posted[0].id}`).patch({ readState: 'read' });
  await user.api(`/me/notifications/${posted[1].id}`).delete();
  const error = await user.api(`/me/notifications/${posted[1].id}`).get().then(() => null, (e) => ({ statusCode: e.statusCode, code: e.code, requestId: e.requestId }));
  return { posted: posted.map((n) => n.id), listed, readState: patched.readState, error };
}

test('the Graph client in a browser posts, pages, patches and deletes across origins', async (t) => {
  const { server, demo, data, proxy } = await demoBehindProxy(t);
  const origin = await pageServer(t);
  const token = userToken(data, demo, demo.users[0]);
  const device = await subscribe(server.base, token, { deviceId: 'desk' });
  let refused = false;
  proxy.interfere = (request, forward) => {
    if (request.method !== 'POST' || refused) return forward();
    refused = true;
    return { status: 429, headers: { 'Retry-After': '0', 'Access-Control-Allow-Origin': request.headers.origin, 'Access-Control-Expose-Headers': 'Retry-After' }, body: '' };
  };
  const browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', args: ['--no-sandbox', '--disable-gpu', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'] });
  t.after(() => browser.close());
  const page = await (await browser.newContext({ ignoreHTTPSErrors: true })).newPage();
  await page.goto(origin);
  const bodies = Array.from({ length: 5 }, () => notification(demo));
  const done = await page.evaluate(work, { base: proxy.url, token, unsid: device.unsid, bodies });
  assert.equal(new Set(done.posted).size, 5);
  assert.deepEqual(done.listed, done.posted.toReversed());
  assert.equal(done.readState, 'read');
  assert.deepEqual([done.error.statusCode, done.error.code], [404, 'itemNotFound']);
  assert.match(done.error.requestId, /^[0-9a-f-]{36}$/);
  const preflights = proxy.seen.filter((r) => r.method === 'OPTIONS');
  assert.ok(preflights.length > 0);
  for (const { headers } of preflights) assert.equal(headers.origin, new URL(origin).origin);
  assert.ok(preflights.some((r) => r.headers['access-control-request-headers'] === 'authorization,client-request-id,content-type,sdkversion,x-uns-id'), preflights.map((r) => r.headers['access-control-request-headers']).join(' | '));
  assert.equal(proxy.seen.filter((r) => r.method === 'POST').length, 6);
});
