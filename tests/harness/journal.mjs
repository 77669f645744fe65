// Writers that keep what was answered, and what is held against it afterwards.
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { call, notification } from './actors.mjs';

const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

// Posts to `unsid` at `url()` until stopped. `answered`: id → what it said. Anything but 201, a 503 with Retry-After or a connection that
// broke is a failure. `longest()`: between two 201.
export class Writers {
  constructor(count, url, demo, app, unsid) {
    Object.assign(this, { url, demo, app, unsid, answered: new Map(), refused: 0, broken: 0, wrong: [], stopped: false, gap: 0, last: performance.now() });
    this.working = Array.from({ length: count }, (_, n) => this.#write(n));
  }

  async #write(n) {
    for (let i = 0; !this.stopped; ++i) {
      const body = notification(this.demo, { appNotificationId: `writer-${n}-${i % 50}`, payload: { visualContent: { title: randomUUID() } } });
      const answer = await call(this.url(), 'POST', '/beta/me/notifications', { token: this.app, unsid: this.unsid, body }).catch(() => undefined);
      if (answer?.status === 201) {
        const now = performance.now();
        this.gap = Math.max(this.gap, now - this.last);
        this.last = now;
        this.answered.set(body.appNotificationId, { id: answer.json.id, title: body.payload.visualContent.title, at: now });
      } else {
        if (answer?.status === 503 && answer.headers.get('retry-after')) this.refused++;
        else if (answer) this.wrong.push(`${answer.status} ${answer.raw}`);
        else this.broken++;
        // Whatever was stored without an answer is under a name that is not asked for.
        this.answered.delete(body.appNotificationId);
        await pause(10);
      }
    }
  }

  // Until so many more are answered.
  async more(count) {
    let seen = 0;
    for (let before = this.last; seen < count; await pause(5)) if (this.last !== before) { before = this.last; ++seen; }
  }
  longest() { return Math.max(this.gap, performance.now() - this.last); }
  forget() { this.gap = 0; this.last = performance.now(); }
  async stop() { this.stopped = true; await Promise.all(this.working); assert.deepEqual(this.wrong, []); }

  // Each that was answered last under its name is there as it was answered.
  async allThere(base, token) {
    const there = new Map();
    for (let url = '/beta/me/notifications?$top=100'; url;) {
      const page = await call(base, 'GET', url, { token });
      assert.equal(page.status, 200, page.raw);
      for (const one of page.json.value) there.set(one.appNotificationId, one);
      url = page.json['@odata.nextLink']?.replace(/^https?:\/\/[^/]+/, '');
    }
    for (const [name, { id, title }] of this.answered) {
      assert.equal(there.get(name)?.id, id, `${name} is there`);
      assert.equal(there.get(name).payload.visualContent.title, title, `${name} as it was answered`);
    }
  }
}

// A device that comes back wherever it can, and notes where a signal does not begin at the end of the one before.
export class Follower {
  constructor(open, etag) { Object.assign(this, { open, etag, broken: [], signals: 0, away: 0, stopped: false, heard: new Set() }); this.working = this.#read(); }

  async #read() {
    while (!this.stopped) {
      const begun = performance.now();
      const live = await this.open(this.etag).catch(() => undefined);
      if (!live) { await pause(10); continue; }
      this.live = live;
      this.away = Math.max(this.away, performance.now() - begun);
      let handled = 0;
      const take = () => {
        for (; handled < live.messages.length; ++handled) {
          const message = live.messages[handled];
          if (!message.changeType) continue;
          if (message.baseETag !== this.etag) this.broken.push([this.etag, message.baseETag]);
          this.etag = message.newETag;
          this.signals++;
          for (const activity of message.activities ?? []) this.heard.add(activity.id);
        }
      };
      while (!this.stopped && !live.closeEvent) { await Promise.race([live.closed, pause(10)]); take(); }
      take();
      if (this.stopped) await live.close();
    }
  }
  async stop() { this.stopped = true; await this.working; assert.deepEqual(this.broken, []); }
}
