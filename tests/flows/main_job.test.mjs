// The job Heliograph exists for: post to a user, see it on every device, handle it once.
import test from 'node:test';
import assert from 'node:assert/strict';
import { demoServer } from '../harness/server.mjs';
import { appToken, call, concerns, Live, notification, subscribe, userToken } from '../harness/actors.mjs';

test('a post reaches two live devices and the feed of a third, and handled once it is gone from the others', async (t) => {
  const { server, demo, data } = await demoServer(t);
  const [alice] = demo.users;
  const app = await appToken(server.base, demo);
  const token = userToken(data, demo, alice);
  const laptop = await subscribe(server.base, token, { deviceId: 'laptop' });
  const phone = await subscribe(server.base, token, { deviceId: 'phone' });
  const away = await subscribe(server.base, token, { deviceId: 'tablet' });
  const onLaptop = await Live.open(server.base, token, { subscription: laptop.id });
  const onPhone = await Live.open(server.base, token, { subscription: phone.id });
  t.after(() => { onLaptop.close(); onPhone.close(); });

  const posted = await call(server.base, 'POST', '/beta/me/notifications', { token: app, unsid: phone.unsid, body: notification(demo) });
  assert.equal(posted.status, 201, posted.raw);
  assert.equal(posted.headers.get('x-heliograph-endpoints'), '3');
  const { id } = posted.json;
  const [a, b] = await Promise.all([onLaptop.next(concerns(id)), onPhone.next(concerns(id))]);
  for (const signal of [a, b]) {
    assert.equal(signal.changeType, 'afsChange');
    assert.equal(signal.unread, 1);
    assert.equal(signal.newETag, posted.headers.get('x-new-etag'));
    assert.deepEqual(JSON.parse(Buffer.from(signal.activities[0].payload, 'base64')), { title: 'Hello', body: 'World' });
    assert.notEqual(signal.activities[0].alert, false);
  }

  const view = await call(server.base, 'GET', `/v2/feeds/me/views/${away.id}/activities`, { token });
  assert.deepEqual(view.json.activities.map((x) => x.id), [id]);

  const dismissed = await call(server.base, 'PATCH', `/beta/me/notifications/${id}`, { token, unsid: laptop.unsid, body: { userActionState: 'dismissed' } });
  assert.equal(dismissed.status, 200, dismissed.raw);
  assert.equal(dismissed.json.handledBy.deviceName, 'laptop');
  const gone = await onPhone.next((m) => m.activities?.some((x) => x.id === id && x.userActionState === 2));
  assert.equal(gone.baseETag, b.newETag);
  const changed = await call(server.base, 'GET', `/v2/feeds/me/views/${away.id}/activities`, { token, headers: { 'If-None-Match': view.headers.get('etag') } });
  assert.equal(changed.json.activities[0].userActionState, 2);
  // The one that dismissed it is not told; the next signal carries on from where its answer left it.
  const second = await call(server.base, 'POST', '/beta/me/notifications', { token: app, unsid: phone.unsid, body: notification(demo) });
  const next = await onLaptop.next(concerns(second.json.id));
  assert.ok(!onLaptop.signals().some((s) => s.activities.some((x) => x.id === id && x.userActionState === 2)));
  assert.equal(next.newETag, second.headers.get('x-new-etag'));
});

test('each signal begins where the one before ended', async (t) => {
  const { server, demo, data } = await demoServer(t);
  const app = await appToken(server.base, demo);
  const token = userToken(data, demo, demo.users[0]);
  const device = await subscribe(server.base, token);
  const live = await Live.open(server.base, token, { subscription: device.id, etag: device.partialSyncToken });
  t.after(() => live.close());
  // Few enough that even all of them in one signal stay under the 16 KiB beyond which a live signal only says "fetch".
  const answers = await Promise.all(Array.from({ length: 20 }, () => call(server.base, 'POST', '/beta/me/notifications', { token: app, unsid: device.unsid, body: notification(demo) })));
  for (const answer of answers) assert.equal(answer.status, 201, answer.raw);
  await Promise.all(answers.map((answer) => live.next(concerns(answer.json.id))));
  let at = device.partialSyncToken;
  for (const signal of live.signals()) { assert.equal(signal.baseETag, at); at = signal.newETag; }
});

test('a stream opened with an older etag gets what it missed as one signal, without alerts for what is handled', async (t) => {
  const { server, demo, data } = await demoServer(t);
  const app = await appToken(server.base, demo);
  const token = userToken(data, demo, demo.users[0]);
  const device = await subscribe(server.base, token);
  const posts = [];
  for (let i = 0; i < 3; i++) posts.push(await call(server.base, 'POST', '/beta/me/notifications', { token: app, unsid: device.unsid, body: notification(demo) }));
  await call(server.base, 'PATCH', `/beta/me/notifications/${posts[0].json.id}`, { token, body: { userActionState: 'dismissed' } });
  const live = await Live.open(server.base, token, { subscription: device.id, etag: device.partialSyncToken });
  t.after(() => live.close());
  const signal = await live.next((m) => m.changeType);
  assert.equal(signal.baseETag, device.partialSyncToken);
  assert.deepEqual(new Set(signal.activities.map((x) => x.id)), new Set(posts.map((p) => p.json.id)));
  assert.equal(signal.activities[0].id, posts[0].json.id, 'handled ones come first');
  assert.equal(signal.activities[0].alert, false);
});

test('delta: pages, then a link that tells only what changed, tombstones included, and goes on as a stream', async (t) => {
  const { server, demo, data } = await demoServer(t);
  const app = await appToken(server.base, demo);
  const token = userToken(data, demo, demo.users[0]);
  const device = await subscribe(server.base, token);
  const ids = [];
  for (let i = 0; i < 5; i++) ids.push((await call(server.base, 'POST', '/beta/me/notifications', { token: app, unsid: device.unsid, body: notification(demo) })).json.id);
  const seen = [];
  let answer = await call(server.base, 'GET', '/beta/me/notifications/delta?$top=2', { token });
  for (; answer.json['@odata.nextLink']; answer = await call('', 'GET', answer.json['@odata.nextLink'], { token })) seen.push(...answer.json.value.map((x) => x.id));
  seen.push(...answer.json.value.map((x) => x.id));
  assert.deepEqual(new Set(seen), new Set(ids));
  assert.equal(seen.length, 5);
  const link = answer.json['@odata.deltaLink'];
  await call(server.base, 'DELETE', `/beta/me/notifications/${ids[0]}`, { token });
  await call(server.base, 'PATCH', `/beta/me/notifications/${ids[1]}`, { token, body: { readState: 'read' } });
  const changes = await call('', 'GET', link, { token });
  assert.deepEqual(changes.json.value.filter((x) => x['@removed']).map((x) => x.id), [ids[0]]);
  assert.deepEqual(changes.json.value.filter((x) => !x['@removed']).map((x) => [x.id, x.readState]), [[ids[1], 'read']]);
  const etag = new URL(changes.json['@odata.deltaLink']).searchParams.get('$deltatoken');
  const live = await Live.open(server.base, token, { subscription: device.id, etag });
  t.after(() => live.close());
  const post = await call(server.base, 'POST', '/beta/me/notifications', { token: app, unsid: device.unsid, body: notification(demo) });
  assert.equal((await live.next(concerns(post.json.id))).baseETag, etag);
});

test('marking twice changes nothing and advances nothing', async (t) => {
  const { server, demo, data } = await demoServer(t);
  const app = await appToken(server.base, demo);
  const token = userToken(data, demo, demo.users[0]);
  const device = await subscribe(server.base, token);
  const { json } = await call(server.base, 'POST', '/beta/me/notifications', { token: app, unsid: device.unsid, body: notification(demo) });
  const first = await call(server.base, 'PATCH', `/beta/me/notifications/${json.id}`, { token, body: { readState: 'read' } });
  const again = await call(server.base, 'PATCH', `/beta/me/notifications/${json.id}`, { token, body: { readState: 'read' } });
  assert.notEqual(first.headers.get('x-base-etag'), first.headers.get('x-new-etag'));
  assert.equal(again.headers.get('x-base-etag'), first.headers.get('x-new-etag'));
  assert.equal(again.headers.get('x-new-etag'), first.headers.get('x-new-etag'));
});

test('a snoozed notification returns at its time, unread, and alerts again', async (t) => {
  const { server, demo, data } = await demoServer(t);
  const app = await appToken(server.base, demo);
  const token = userToken(data, demo, demo.users[0]);
  const device = await subscribe(server.base, token);
  const live = await Live.open(server.base, token, { subscription: device.id });
  t.after(() => live.close());
  const { json } = await call(server.base, 'POST', '/beta/me/notifications', { token: app, unsid: device.unsid, body: notification(demo) });
  const until = new Date(Date.now() + 1500).toISOString();
  const snoozed = await call(server.base, 'PATCH', `/beta/me/notifications/${json.id}`, { token, body: { readState: 'read', userActionState: 'snoozed', snoozeUntilDateTime: until } });
  assert.equal(snoozed.status, 200, snoozed.raw);
  const away = await live.next((m) => m.activities?.some((x) => x.id === json.id && x.userActionState === 3));
  const back = await live.next((m) => m.baseETag === away.newETag && concerns(json.id)(m));
  assert.equal(back.activities[0].userActionState, 0);
  assert.equal(back.activities[0].read, false);
  assert.notEqual(back.activities[0].alert, false);
});

test('Server-Sent Events: live, then again from Last-Event-ID', async (t) => {
  const { server, demo, data } = await demoServer(t);
  const app = await appToken(server.base, demo);
  const token = userToken(data, demo, demo.users[0]);
  const device = await subscribe(server.base, token);
  const open = async (headers) => {
    const stop = new AbortController();
    t.after(() => stop.abort());
    const answer = await fetch(`${server.base}/beta/me/notifications/stream?subscription=${device.id}`, { headers: { Authorization: `Bearer ${token}`, Accept: 'text/event-stream', ...headers }, signal: stop.signal });
    assert.equal(answer.status, 200);
    assert.match(answer.headers.get('content-type'), /^text\/event-stream/);
    const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
    let text = '';
    return { stop, async event() {
      for (;;) {
        const end = text.indexOf('\n\n');
        if (end >= 0) {
          const fields = Object.fromEntries(text.slice(0, end).split('\n').filter((l) => !l.startsWith(':')).map((l) => [l.slice(0, l.indexOf(':')), l.slice(l.indexOf(':') + 1).trim()]));
          text = text.slice(end + 2);
          if (fields.data) return { ...fields, data: JSON.parse(fields.data) };
          continue;
        }
        const { value, done } = await reader.read();
        assert.ok(!done, 'the stream ended');
        text += value;
      }
    } };
  };
  const first = await open({});
  const one = await call(server.base, 'POST', '/beta/me/notifications', { token: app, unsid: device.unsid, body: notification(demo) });
  const event = await first.event();
  assert.equal(event.id, event.data.newETag);
  assert.ok(concerns(one.json.id)(event.data));
  first.stop.abort();
  const two = await call(server.base, 'POST', '/beta/me/notifications', { token: app, unsid: device.unsid, body: notification(demo) });
  const second = await open({ 'Last-Event-ID': event.id });
  const missed = await second.event();
  assert.equal(missed.data.baseETag, event.id);
  assert.deepEqual(missed.data.activities.map((x) => x.id), [two.json.id]);
});
