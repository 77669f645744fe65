// The users with their devices, and the app server that posts to them: posts at a steady rate, some dismissed, devices
// that subscribe again when their channel has ended or just so.
import { randomUUID } from 'node:crypto';
import { appToken, call, subscribe } from '../harness/actors.mjs';
import { run } from '../harness/server.mjs';
import { device } from '../harness/pushes.mjs';

const platforms = ['apns', 'fcm', 'wns', 'webPush'];
const tokenLife = 45 * 60_000;
const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
const pick = (list) => list[Math.floor(Math.random() * list.length)];

// A token that is fetched again before it ends.
function kept(fetch) {
  let value, until = 0;
  return () => {
    if (Date.now() > until) { until = Date.now() + tokenLife; value = fetch(); }
    return value;
  };
}

class User {
  devices = [];
  constructor(crowd, name) {
    this.name = name;
    this.token = kept(async () => (await crowd.admin('tokens', { user: name, crossDevice: crowd.host })).access_token);
  }
}

// One place where a user is pushed to. What it was called and where it was reached changes; a time of it is
// {subscription, unsid, from, to}, in milliseconds, `to` undefined while it lasts.
class Device {
  times = [];
  endpoints = [];
  constructor(user, platform) { this.user = user; this.platform = platform; this.name = `${platform} of ${user.name}`; }
  get now() { return this.times.at(-1); }
}

export class Crowd {
  users = [];
  posts = [];          // answered 201: {number, id, user, sent, answered, mail}
  counts = { refused: 0, unanswered: 0, dismissed: 0, renewed: 0, ended: 0 };
  broken = [];         // what of the load itself could not be done
  #work = [];

  constructor(at) {
    this.at = at;
    this.host = at.demo.crossDeviceApp.hostName;
    this.adminToken = kept(async () => run(['token', '--data', at.data, '--user', at.demo.administrator.userPrincipalName,
      '--client-id', at.demo.clientApp.clientId, '--scope', 'api://heliograph/Heliograph.Admin']).stdout.trim());
    this.appToken = kept(() => appToken(at.base, at.demo));
    this.byUnsid = new Map();
    this.going = true;
  }

  async admin(what, body) {
    const answer = await call(this.at.base, 'POST', `/admin/v1/${what}`, { token: await this.adminToken(), body });
    if (answer.status >= 300) throw new Error(`${what}: ${answer.status} ${answer.raw}`);
    return answer.json;
  }

  async gather(count) {
    for (let n = 0; n < count; n++) {
      const name = `soak${n}@example.com`;
      await this.admin('users', { userPrincipalName: name, mail: name, password: randomUUID() });
      const user = new User(this, name);
      // One without a channel, whose UNSID always holds.
      user.anchor = await subscribe(this.at.base, await user.token(), { deviceId: 'anchor' });
      for (const platform of platforms) {
        const its = new Device(user, platform);
        user.devices.push(its);
        await this.register(its);
      }
      this.users.push(user);
    }
    const sender = run(['cross-device', 'add-sender-domain', this.host, 'example.com', '--data', this.at.data]);
    if (sender.status !== 0) throw new Error(`add-sender-domain: ${sender.stderr}`);
  }

  // As a client does it: what fails is tried again a few times.
  async insist(what) {
    for (let attempt = 1; ; ++attempt) {
      try {
        return await what();
      } catch (error) {
        if (attempt === 5) throw error;
        await pause(500 * attempt);
      }
    }
  }

  async register(its) {
    const from = Date.now();
    const made = await this.insist(async () => device(this.at, await its.user.token(), its.platform, { deviceId: its.name }));
    its.endpoints.push(made.endpoint.id);
    its.times.push({ subscription: made.id, unsid: made.unsid, from, ready: Date.now() });
    this.byUnsid.set(made.unsid, its);
  }

  live(rate) {
    const every = async (ms, what) => {
      for (let next = Date.now(); this.going; await pause(Math.max(0, next - Date.now()))) { next += ms; await what(); }
    };
    // A post is not awaited: a slow answer does not slow the rate.
    this.#begin(every(1000 / rate, () => { this.#begin(this.post()); }));
    this.#begin(every(1000, () => this.look()));
    this.#begin(every(2000, () => this.renew()));
  }

  #begin(work) { this.#work.push(work.catch((error) => this.broken.push(error.stack))); }

  async post() {
    const number = ++this.number || (this.number = 1), user = pick(this.users), mail = Math.random() < 0.05;
    const fallbackPolicy = mail ? { transportFallback: { transportType: 'Email', fallbackDelayInSeconds: 60, emailContent: { subject: `soak ${number}`, bodyType: 'Text', body: 'Nobody looked.', fromAddress: 'news@example.com' } } } : undefined;
    const body = { targetHostName: this.host, appNotificationId: `soak-${number}`, payload: { visualContent: { title: `soak ${number}`, body: 'Bay 4' } }, ...(mail ? { fallbackPolicy } : {}) };
    const sent = Date.now();
    const answer = await call(this.at.base, 'POST', '/beta/me/notifications', { token: await this.appToken(), unsid: user.anchor.unsid, body }).catch(() => null);
    if (!answer) { this.counts.unanswered += 1; return; }
    if (answer.status !== 201) {
      this.counts.refused += 1;
      this.refusal ??= `${answer.status} ${answer.raw}`;
      return;
    }
    const post = { number, id: answer.json.id, user, sent, answered: Date.now(), mail };
    this.posts.push(post);
    if (Math.random() < 0.2) {
      await pause(Math.random() * 5000);
      await this.dismiss(post);
    }
  }

  async dismiss(post) {
    const by = pick(post.user.devices);
    const answer = await this.insist(async () => call(this.at.base, 'PATCH', `/beta/me/notifications/${post.id}`, { token: await post.user.token(), unsid: by.now.unsid, body: { userActionState: 'dismissed' } }));
    // Its own subscription may just have ended: then it is nobody's dismissal.
    if (answer.status === 200) { this.counts.dismissed += 1; post.dismissed = true; }
  }

  // Devices learn that their channel has ended, and subscribe with a new one.
  async look() {
    const since = this.since ?? new Date(Date.now() - 60_000).toISOString();
    const answer = await this.insist(async () => call(this.at.base, 'GET', `/beta/endedSubscriptions?since=${encodeURIComponent(since)}`, { token: await this.appToken() }));
    if (answer.status !== 200) return;
    for (const { userNotificationSubscriptionId: unsid, endedDateTime } of answer.json.value) {
      this.since = endedDateTime;
      const its = this.byUnsid.get(unsid);
      if (!its || its.now.unsid !== unsid || its.now.to) continue;
      its.now.to = Date.parse(endedDateTime);
      this.counts.ended += 1;
      this.#begin(this.register(its));
    }
  }

  // A device that comes with another channel while its old one is good.
  async renew() {
    const its = pick(pick(this.users).devices);
    if (its.now.to) return;
    this.counts.renewed += 1;
    const before = its.now;
    await this.register(its);
    if (before.subscription !== its.now.subscription) before.to ??= its.now.from;
  }

  line() { return `${this.posts.length} posts, ${this.counts.refused} refused, ${this.counts.dismissed} dismissed, ${this.counts.ended} ended`; }

  async stop() {
    this.going = false;
    await Promise.all(this.#work);
  }
}
