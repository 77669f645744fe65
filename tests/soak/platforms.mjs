// What the platforms do wrong, and what comes to them.
import { createHash } from 'node:crypto';

// Each meets 5 % of the requests that none before it has met.
const share = { proportion: 0.05 };
export const faults = [
  { fault: 'none', latencyMs: 300 },
  { fault: 'status', platform: 'wns', status: 406, retryAfter: 1 },
  { fault: 'status', platform: 'apns', status: 429 },
  { fault: 'status', platform: 'fcm', status: 429, retryAfter: 1 },
  { fault: 'status', platform: 'webPush', status: 429, retryAfter: 1 },
  { fault: 'status', status: 500 },
  { fault: 'status', status: 503 },
  { fault: 'html' },
  { fault: 'reset' },
  { fault: 'reset', after: true },
  { fault: 'hang' },
  { fault: 'garbage' },
  { fault: 'goaway' },
  { fault: 'refuseStream' },
  { fault: 'gone' },
  { fault: 'expired' },
  { fault: 'dropped', platform: 'wns' },
  { fault: 'channelThrottled', platform: 'wns' },
  { fault: 'status', status: 503, on: 'token' },
].map((fault) => ({ ...share, ...fault }));

// As push/payload.h makes it of the notification's id.
export const topicOf = (id) => createHash('sha256').update(id).digest('base64url').slice(0, 32);

// The title of the alert that a request brought; undefined: it was none. A browser is told its Topic instead.
function alertIn(one) {
  switch (one.platform) {
    case 'apns': return one.headers['apns-push-type'] === 'alert' ? one.payloadJson.aps.alert.title : undefined;
    case 'fcm': return one.body.message.notification?.title;
    case 'wns': return one.texts?.[0];
    case 'webPush': return one.urgency === 'high' ? one.headers.Topic : undefined;
    default: return one.subject;
  }
}

// Reads what the simulator got, as it comes.
export class Arrivals {
  alerts = new Map();      // by endpoint, then by title or topic: how often it was accepted
  outcomes = {};           // of pushes: accepted, refused, disturbed
  silent = 0;
  refusals = new Map();    // by platform and reason
  #last = 0;

  constructor(sim) { this.sim = sim; }

  follow() {
    this.going = true;
    this.following = (async () => {
      while (this.going) {
        await this.read();
        await new Promise((resolve) => setTimeout(resolve, 500));
      }
    })();
  }

  async read() {
    for (;;) {
      const page = await this.sim.call('GET', `/sim/received?since=${this.#last}&limit=2000`);
      for (const one of page.value) this.take(one);
      if (page.value.length < 2000) break;
    }
  }

  take(one) {
    this.#last = one.number;
    if (one.kind !== 'push') return;
    this.outcomes[one.outcome] = (this.outcomes[one.outcome] ?? 0) + 1;
    if (one.outcome === 'refused') {
      const why = `${one.platform} ${one.status} ${one.reason ?? ''}`;
      this.refusals.set(why, (this.refusals.get(why) ?? 0) + 1);
    }
    if (one.outcome !== 'accepted') return;
    const alert = alertIn(one);
    if (alert === undefined) { this.silent += 1; return; }
    const key = `${one.platform} ${one.endpoint}`;
    if (!this.alerts.has(key)) this.alerts.set(key, new Map());
    const its = this.alerts.get(key);
    its.set(alert, (its.get(alert) ?? 0) + 1);
  }

  // How often an alert came to one of these endpoints.
  count(platform, endpoints, alert) {
    return endpoints.reduce((sum, id) => sum + (this.alerts.get(`${platform} ${id}`)?.get(alert) ?? 0), 0);
  }

  line() { return ['accepted', 'disturbed', 'refused'].map((name) => `${this.outcomes[name] ?? 0} ${name}`).join(', '); }

  async stop() {
    if (!this.going) return;
    this.going = false;
    await this.following;
    await this.read();
  }
}
