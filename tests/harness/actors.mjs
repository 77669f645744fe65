// The people of the flows: an app server, users with devices, and their live connections.
import { run } from './server.mjs';
import { randomUUID } from 'node:crypto';

export const scope = 'Notifications.ReadWrite.CreatedByApp';

export async function call(base, method, path, { token, headers = {}, body, unsid } = {}) {
  const all = { ...headers };
  if (token) all.Authorization ??= `Bearer ${token}`;
  if (unsid) all['X-UNS-ID'] = unsid;
  const text = body === undefined || typeof body === 'string' ? body : JSON.stringify(body);
  if (text !== undefined) all['Content-Type'] ??= 'application/json';
  const answer = await fetch(base + path, { method, headers: all, body: text });
  const raw = await answer.text();
  let json;
  try { json = JSON.parse(raw); } catch { json = undefined; }
  return { status: answer.status, headers: answer.headers, raw, json };
}

export async function appToken(base, demo, { scope: asked = 'https://graph.microsoft.com/.default' } = {}) {
  const form = new URLSearchParams({ grant_type: 'client_credentials', client_id: demo.appService.clientId, client_secret: demo.appService.clientSecret, scope: asked });
  const answer = await fetch(`${base}/${demo.tenantId}/oauth2/v2.0/token`, { method: 'POST', body: form });
  const json = await answer.json();
  if (!answer.ok) throw new Error(`no app token: ${JSON.stringify(json)}`);
  return json.access_token;
}

// A user's token as the operator mints it for tests; the sign-in flow has tests of its own.
export function userToken(data, demo, user, { clientId = demo.clientApp.clientId, scope: asked = scope } = {}) {
  const done = run(['token', '--data', data, '--user', user.userPrincipalName, '--client-id', clientId, '--scope', asked, '--json']);
  if (done.status !== 0) throw new Error(`no user token (${done.status}): ${done.stderr}`);
  return JSON.parse(done.stdout).access_token;
}

export async function subscribe(base, token, { deviceId = `device-${randomUUID()}`, host, ...more } = {}) {
  const body = { deviceId, ...(host ? { crossPlatformChannelData: { platformType: 'live', appPackageName: host } } : {}), ...more };
  const answer = await call(base, 'POST', '/v1/feeds/me/subscriptions', { token, body });
  if (answer.status !== 201 && answer.status !== 200) throw new Error(`subscribe: ${answer.status} ${answer.raw}`);
  return { ...answer.json, unsid: answer.json.userNotificationSubscriptionId, status: answer.status };
}

export function notification(demo, more = {}) {
  return { targetHostName: demo.crossDeviceApp.hostName, appNotificationId: randomUUID(), payload: { visualContent: { title: 'Hello', body: 'World' } }, ...more };
}

// A live connection over WebSocket that keeps all it was told. `next(test)` waits for the first message that fits.
export class Live {
  static async open(base, token, { path = '/beta/me/notifications/stream', subscription, etag, unsid } = {}) {
    const ticket = await call(base, 'POST', `${path}/tickets${unsid ? '' : ''}`, { token, unsid, body: {} });
    if (ticket.status !== 201) throw new Error(`ticket: ${ticket.status} ${ticket.raw}`);
    const query = new URLSearchParams({ ticket: ticket.json.ticket });
    if (subscription) query.set('subscription', subscription);
    if (etag) query.set('etag', etag);
    const live = new Live();
    live.messages = [];
    live.waiting = [];
    live.socket = new WebSocket(`${base.replace(/^http/, 'ws')}${path}?${query}`);
    live.closed = new Promise((resolve) => (live.socket.onclose = (event) => { live.closeEvent = event; resolve(event); live.#settle(); }));
    live.socket.onmessage = (event) => { live.messages.push({ ...JSON.parse(event.data), receivedAt: performance.now() }); live.#settle(); };
    await new Promise((resolve, reject) => { live.socket.onopen = resolve; live.socket.onerror = () => reject(new Error('live connection refused')); });
    return live;
  }

  #settle() {
    this.waiting = this.waiting.filter(({ test, resolve, reject }) => {
      const found = this.messages.find(test);
      if (found) { resolve(found); return false; }
      if (this.closeEvent) { reject(new Error(`closed with ${this.closeEvent.code} while waiting`)); return false; }
      return true;
    });
  }

  next(test) { return new Promise((resolve, reject) => { this.waiting.push({ test, resolve, reject }); this.#settle(); }); }
  signals() { return this.messages.filter((m) => m.changeType); }
  send(message) { this.socket.send(JSON.stringify(message)); }
  close() { this.socket.close(); return this.closed; }
}

export const concerns = (id) => (message) => message.activities?.some((activity) => activity.id === id);
