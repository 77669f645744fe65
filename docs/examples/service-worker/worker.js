// A service worker that shows what Heliograph pushes and settles it, without an access token: the signal brings a ticket of the
// notification that it is about. Registered as worker.js?api={where Heliograph is}. See docs/http-api.md, "Tickets of notifications".
const api = new URL(location.href).searchParams.get('api');

self.addEventListener('install', () => self.skipWaiting());
self.addEventListener('activate', (event) => event.waitUntil(clients.claim()));
self.addEventListener('push', (event) => event.waitUntil(take(event.data.json())));
self.addEventListener('notificationclose', (event) => event.waitUntil(settle(event.notification, 'dismissed')));
self.addEventListener('notificationclick', (event) => {
  event.notification.close();
  event.waitUntil(Promise.all([settle(event.notification, 'activated'), clients.openWindow('.')]));
});

const isHandled = (activity) => activity.status === 2 || activity.userActionState === 1 || activity.userActionState === 2;

const withTicket = (ticket, more) => fetch(`${api}/beta/notifications/ticket`, { ...more, headers: { Authorization: `Ticket ${ticket}`, 'Content-Type': 'application/json' } });

async function take(signal) {
  for (const activity of signal.activities.filter(isHandled)) await close(activity.id);
  if (signal.ticket && (await show(signal.ticket))) return;
  // It was handled, recalled or replaced meanwhile; but a browser wants to see something for every push.
  if ((await registration.getNotifications()).length === 0) await registration.showNotification('You are up to date', { tag: 'nothing', silent: true });
}

// What the server says now, not what it said when it pushed. False where there is nothing to show.
async function show(ticket) {
  const answer = await withTicket(ticket);
  if (!answer.ok) return false;
  const { id, payload, userActionState, readState } = await answer.json();
  if (userActionState !== 'noInteraction' || readState !== 'unread') return false;
  const { title = 'News', body = '' } = payload.visualContent ?? {};
  await registration.showNotification(title, { body: body ?? '', tag: id, data: { ticket } });
  return true;
}

// The user's other devices hear of it.
async function settle({ data }, userActionState) {
  if (data?.ticket) await withTicket(data.ticket, { method: 'POST', body: JSON.stringify({ userActionState }) });
}

async function close(tag) {
  for (const notification of await registration.getNotifications({ tag })) notification.close();
}
