// Somebody at a browser, at the pages of the identity platform.
import { createServer } from 'node:http';
import { chromium } from 'playwright-core';

export const launch = () => chromium.launch({ executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', args: ['--no-sandbox', '--disable-gpu', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'] });

const button = (page, name) => page.getByRole('button', { name, exact: true });

// Until the page that follows is there.
export async function press(page, name) {
  await Promise.all([page.waitForEvent('framenavigated'), button(page, name).click()]);
  await page.waitForLoadState('domcontentloaded');
}

export async function signIn(page, user) {
  await page.fill('#username', user.userPrincipalName);
  await page.fill('#password', user.password);
  await press(page, 'Sign in');
}

export const allow = (page) => press(page, 'Allow');

// Signs in and allows what is asked, where it is asked.
export async function passPages(page, user) {
  if (await page.locator('#username').count()) await signIn(page, user);
  if (await button(page, 'Allow').count()) await allow(page);
}

// Types the code of a device and decides, signing in where that is asked.
async function decide(page, address, code, user, name, heading) {
  await page.goto(address);
  await page.fill('#user_code', code);
  await press(page, 'Go on');
  if (await page.locator('#username').count()) await signIn(page, user);
  await press(page, name);
  await page.getByRole('heading', { name: heading, exact: true }).waitFor();
}
export const allowDevice = (page, address, code, user) => decide(page, address, code, user, 'Allow', 'Connected');
export const denyDevice = (page, address, code, user) => decide(page, address, code, user, 'Do not allow', 'Not connected');

// What a native client listens with: `next()` is the query that the browser comes back with.
export async function redirectListener() {
  let arrived;
  const waiting = [];
  const server = createServer((request, response) => {
    const url = new URL(request.url, `http://${request.headers.host}`);
    response.end('back');
    if (url.searchParams.has('code') || url.searchParams.has('error')) waiting.length ? waiting.shift()(url) : (arrived = url);
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    uri: `http://127.0.0.1:${server.address().port}/callback`,
    next: () => { if (!arrived) return new Promise((resolve) => waiting.push(resolve)); const url = arrived; arrived = undefined; return Promise.resolve(url); },
    close: () => { server.closeAllConnections(); server.close(); },
  };
}
