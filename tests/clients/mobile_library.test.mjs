// The mobile client library of the retired service at work, unmodified but for its base address.
import test from 'node:test';
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { demoServer } from '../harness/server.mjs';
import { appToken, call, concerns, Live, notification, userToken } from '../harness/actors.mjs';
import { MobileLibrary } from './mobile_library.mjs';

async function phone(t, scope = 'UserActivity.ReadWrite.CreatedByApp') {
  const { server, demo, data } = await demoServer(t);
  const { base } = server;
  const library = new MobileLibrary(base, userToken(data, demo, demo.users[0], { scope }));
  const device = randomUUID();
  const subscribe = () => library.subscribe('push-token', 'com.example.app', 'Example', device);
  const unsid = await subscribe();
  const app = await appToken(base, demo);
  const post = async (more) => {
    const answer = await call(base, 'POST', '/beta/me/notifications', { token: app, unsid, body: notification(demo, more) });
    assert.equal(answer.status, 201, answer.raw);
    return answer.json.id;
  };
  return { base, demo, data, library, subscribe, unsid, post };
}

test('it subscribes, and again, and keeps its id', async (t) => {
  const { library, subscribe, unsid } = await phone(t);
  assert.equal(library.subscriptionId, unsid, 'its storage cuts at "="');
  assert.equal(await subscribe(), unsid);
  assert.equal(library.last.status, 200);
  assert.deepEqual(await library.getAll(), []);
});

test('it reads what was posted: visual, raw, raw that speaks of titles, and all the numbers', async (t) => {
  const { library, demo, post } = await phone(t);
  const visual = await post({ appNotificationId: 'visual', groupName: 'Mail', displayTimeToLive: 60, priority: 'Low', payload: { visualContent: { title: 'Title', body: 'Body' } } });
  await post({ appNotificationId: 'bodiless', payload: { visualContent: { title: 'Title alone' } } });
  await post({ appNotificationId: 'raw', payload: { rawContent: '{"x": "ä€😀"}' } });
  await post({ appNotificationId: 'titled', payload: { rawContent: 'subtitle, "title" and \\title' } });
  await post({ appNotificationId: 'both', payload: { rawContent: 'raw', visualContent: { title: 'Both', body: '' } } });
  const all = await library.getAll();
  assert.deepEqual(all.map((n) => n.appNotificationId), ['both', 'titled', 'raw', 'bodiless', 'visual']);
  assert.deepEqual(all.map((n) => n.payload), [{ title: 'Both', body: '' }, { content: 'subtitle, "title" and \\title' }, { content: '{"x": "ä€😀"}' }, { title: 'Title alone', body: '' }, { title: 'Title', body: 'Body' }]);
  assert.deepEqual(all[4], { id: visual, appNotificationId: 'visual', targetHostName: demo.crossDeviceApp.hostName, groupName: 'Mail', read: false, status: 'ACTIVE', priority: 'LOW', action: 'NONE', displayTtl: 60, payload: { title: 'Title', body: 'Body' } });
});

test('it marks, snoozes, deletes, and says goodbye', async (t) => {
  const { library, post } = await phone(t);
  const [one, two] = [await post(), await post()];
  await library.updateReadState(one);
  for (const state of ['ACTIVATED', 'SNOOZED', 'DISMISSED', 'NONE', 'DISMISSED']) {
    await library.updateUserActionState(one, state);
    const [, first] = await library.getAll();
    assert.deepEqual([first.id, first.read, first.action], [one, true, state]);
  }
  await library.remove(two);
  assert.deepEqual((await library.getAll()).map((n) => n.id), [one]);
  await library.unsubscribe();
  await assert.rejects(library.getAll(), /410/);
});

test('it gets the whole feed in one answer, for it cannot page', async (t) => {
  const { library, post } = await phone(t);
  await Promise.all(Array.from({ length: 150 }, () => post()));
  assert.equal((await library.getAll()).length, 150);
});

test('it follows signals: inline from its ETag, else by asking, and an empty list where nothing changed', async (t) => {
  const { base, library, post } = await phone(t);
  const live = await Live.open(base, library.token, { path: `/v2/feeds/me/views/${library.subscriptionId}/stream` });
  t.after(() => live.close());
  const one = await post();
  const first = await live.next(concerns(one));
  assert.deepEqual((await library.processPush(first)).map((n) => n.id), [one], 'it has no ETag yet, so it asks');
  library.storedEtag = first.newETag;
  assert.deepEqual(await library.processPush({ ...first, changeType: 'afsChangeNotification', newETag: 'another', activities: [] }), [], '304 would be a failure');
  const two = await post();
  const second = await live.next(concerns(two));
  assert.deepEqual((await library.processPush(second)).map((n) => n.id), [two]);
  assert.equal(library.storedEtag, second.newETag);
  await library.remove(one);
  const third = await live.next((m) => m.activities?.some((a) => a.id === one && a.status === 2));
  const [gone] = await library.processPush(third);
  assert.deepEqual([gone.id, gone.status], [one, 'DELETED']);
  assert.equal(await library.processPush({ changeType: 'somethingElse', activities: [] }), null);
});

test('a bad token is 401, so that it renews, and a late deletion does no harm', async (t) => {
  const { library, post } = await phone(t, 'Notifications.ReadWrite.CreatedByApp');
  const one = await post();
  const { token } = library;
  for (const bad of ['', 'garbage', `${token.slice(0, -4)}AAAA`]) {
    library.token = bad;
    await assert.rejects(library.getAll(), /: 401 /, JSON.stringify(bad));
  }
  library.token = token;
  await library.remove(one);
  await assert.rejects(library.updateReadState(one), /: 404 .*30001/);
});
