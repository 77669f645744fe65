// A mobile client library of the retired service (Android, Java), as it was observed: its requests byte for byte, and
// what it accepts as an answer, no more. It cannot be changed any longer, so this is what the feed API has to satisfy.
import { connect } from 'node:net';
import { gunzipSync } from 'node:zlib';

const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;
const isoWithOffset = /^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d{1,9})?)?(Z|[+-]\d\d:\d\d)$/;
const everything = 'pageSize=10&token=1&types=6&format=&lastmodifiedafter=-999999999-01-01T00%3A00%3A00%2B18%3A00&lastmodifiedbefore=%2B999999999-12-31T23%3A59%3A59.999999999-18%3A00';
const statuses = ['ACTIVE', 'UPDATED', 'DELETED'], priorities = ['NONE', 'HIGH', 'LOW'];
const actions = ['NONE', 'ACTIVATED', 'DISMISSED', 'SNOOZED'];

// Sends the bytes and reads one answer: {status, headers, body}.
function exchange(base, text) {
  const { hostname, port } = new URL(base);
  return new Promise((resolve, reject) => {
    const socket = connect(Number(port), hostname, () => socket.write(text));
    let seen = Buffer.alloc(0);
    socket.setTimeout(60_000, () => socket.destroy(new Error(`no answer; so far ${seen}`)));
    socket.on('error', reject);
    socket.on('close', () => reject(new Error(`cut off after ${seen}`)));
    socket.on('data', (chunk) => {
      seen = Buffer.concat([seen, chunk]);
      const answer = parse(seen);
      if (!answer) return;
      socket.removeAllListeners('close');
      socket.destroy();
      resolve(answer);
    });
  });
}

function parse(bytes) {
  const end = bytes.indexOf('\r\n\r\n');
  if (end < 0) return undefined;
  const [first, ...lines] = bytes.subarray(0, end).toString('latin1').split('\r\n');
  const headers = new Map(lines.map((line) => [line.slice(0, line.indexOf(':')).toLowerCase(), line.slice(line.indexOf(':') + 1).trim()]));
  let body = bytes.subarray(end + 4);
  if (headers.get('transfer-encoding') === 'chunked') {
    body = dechunk(body);
    if (!body) return undefined;
  } else if (body.length < Number(headers.get('content-length') ?? 0)) {
    return undefined;
  }
  if (headers.get('content-encoding') === 'gzip') body = gunzipSync(body);
  return { status: Number(first.split(' ')[1]), headers, body: body.toString() };
}

function dechunk(body) {
  const pieces = [];
  for (;;) {
    const end = body.indexOf('\r\n');
    if (end < 0) return undefined;
    const size = parseInt(body.subarray(0, end), 16);
    if (size === 0) return Buffer.concat(pieces);
    if (body.length < end + 4 + size) return undefined;
    pieces.push(body.subarray(end + 2, end + 2 + size));
    body = body.subarray(end + 4 + size);
  }
}

// What it throws its caller sees as FAILED_DUE_TO_SERVER_ERROR, whatever it was.
class Failed extends Error {}
function need(condition, why) { if (!condition) throw new Failed(why); }

export class MobileLibrary {
  constructor(base, token) {
    this.base = base;
    this.token = token;
    this.storedEtag = '';
    this.last = undefined;
  }

  async #send(method, target, { scheme = 'Bearer', headers = {}, body } = {}) {
    const all = {
      Accept: 'application/json',
      'X-AFS-CV': 'cv',
      'X-AFS-ClientInfo': 'os=android; osVer=10; lcid=en-; deviceModel=Google/Pixel 3; deviceType=android; sdkType=lite',
      Authorization: `${scheme} ${this.token}`,
      ...headers,
      ...(body === undefined ? {} : { 'Content-Type': 'application/json; charset=utf-8', 'Content-Length': Buffer.byteLength(body) }),
      Host: new URL(this.base).host,
      Connection: 'Keep-Alive',
      'Accept-Encoding': 'gzip',
      'User-Agent': 'OpenAPI-Generator/1.0.0/java',
    };
    const head = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`).join('');
    this.last = await exchange(this.base, `${method} ${target} HTTP/1.1\r\n${head}\r\n${body ?? ''}`);
    need(this.last.status !== 304 && this.last.status < 400, `${method} ${target}: ${this.last.status} ${this.last.body}`);
    return this.last;
  }

  async subscribe(pushToken, appPackageName, appDisplayName, deviceId) {
    const body = { crossPlatformChannelData: { platformType: 'gcm', appPackageName, pushToken, appDisplayName }, deviceId: `dds:${deviceId}`, publisherFilters: [{ application: '*', activityTypes: [13] }] };
    const answer = await this.#send('POST', '/V1/feeds/me/subscriptions', { scheme: 'bearer', headers: { 'If-Match': '', 'X-Device-Ticket': '' }, body: JSON.stringify(body) });
    need(answer.status === 200 || answer.status === 201, `status ${answer.status}`);
    need(/json/.test(answer.headers.get('content-type') ?? ''), 'no JSON content type');
    const made = JSON.parse(answer.body);
    for (const name of ['id', 'viewId']) need(made[name] === undefined || uuid.test(made[name]), `${name} is no UUID`);
    need(made.channelUrlExpiry === undefined || isoWithOffset.test(made.channelUrlExpiry), 'channelUrlExpiry is not ISO with offset');
    need(typeof made.userNotificationSubscriptionId === 'string', 'no userNotificationSubscriptionId');
    // Its storage splits at the first "=".
    [this.subscriptionId] = made.userNotificationSubscriptionId.split('=');
    return made.userNotificationSubscriptionId;
  }

  async getAll(etag = '') {
    const target = `/V2/feeds/me/views/${encodeURIComponent(this.subscriptionId)}/activities?${everything}`;
    const answer = await this.#send('GET', target, { headers: { 'X-Device-Ticket': '', 'If-None-Match': etag, 'Content-Type': 'application/json' } });
    need(answer.status === 200 && answer.body !== '', `status ${answer.status}`);
    const view = JSON.parse(answer.body);
    need(!Array.isArray(view) && Array.isArray(view.activities), 'no activities');
    need(view.__metadata?.forwardLink === undefined, 'a forwardLink: it would ask for ever');
    return view.activities.map(readActivity);
  }

  updateReadState(id) { return this.#patch(id, { read: true }); }
  updateUserActionState(id, state) { return this.#patch(id, { userActionState: actions.indexOf(state) }); }
  async #patch(id, change) {
    const answer = await this.#send('PATCH', `/V2/feeds/me/activities/${encodeURIComponent(id)}`, { headers: { 'If-Match': '', 'X-Device-Ticket': '' }, body: JSON.stringify(change) });
    if (answer.status === 202 || answer.status === 204 || answer.body === '') return;
    const list = JSON.parse(answer.body);
    need(Array.isArray(list), 'not a list');
    for (const item of list) {
      need(item.lastModified === undefined || isoWithOffset.test(item.lastModified), 'lastModified is not ISO with offset');
      need(item.activityId === undefined || uuid.test(item.activityId), 'activityId is no UUID');
    }
  }

  async remove(id) {
    need(uuid.test(id), 'not a UUID: it is not even sent');
    await this.#send('DELETE', `/v2/feeds/me/activities/${id}`, { headers: { 'If-None-Match': '', 'X-Device-Ticket': '' } });
  }

  unsubscribe() { return this.#send('DELETE', `/V1/feeds/me/subscriptions/${encodeURIComponent(this.subscriptionId)}`, { headers: { 'X-Device-Ticket': '' } }); }

  // What the app got from its push platform. Answers the notifications it tells the app, null where it is not ours.
  async processPush({ changeType, newETag, baseETag, activities }) {
    if (!Array.isArray(activities)) return null;
    if (changeType === 'afsChangeNotification') return newETag === this.storedEtag ? activities.map(readActivity) : this.getAll(this.storedEtag);
    if (changeType !== 'afsChange') return null;
    if (baseETag !== this.storedEtag) return this.getAll(this.storedEtag);
    [this.storedEtag] = newETag.split('=');
    return activities.map(readActivity);
  }
}

function readActivity(item) {
  for (const [name, type] of [['read', 'boolean'], ['status', 'number'], ['priority', 'number'], ['displayTtl', 'number']]) need(typeof item[name] === type, `${name} is ${JSON.stringify(item[name])}`);
  need(Array.isArray(item.applicationId) && item.applicationId.length > 0, 'applicationId is empty');
  for (const name of ['activityId', 'appActivityId', 'tags', 'expiration', 'createdInCloud', 'lastModified', 'payload']) need(item[name] === undefined || item[name] === null || typeof item[name] === 'string', `${name} is no text`);
  need(item.userActionState === undefined || typeof item.userActionState === 'number', 'userActionState is no number');
  return {
    id: item.activityId,
    appNotificationId: item.appActivityId,
    targetHostName: item.applicationId[0].platform,
    groupName: item.tags,
    read: item.read,
    status: statuses[item.status] ?? statuses[0],
    priority: priorities[item.priority] ?? priorities[0],
    action: actions[item.userActionState ?? 0] ?? actions[0],
    displayTtl: item.displayTtl,
    payload: readPayload(item.payload),
  };
}

// Undecodable: null. The letters of `title` anywhere make it a visual one.
function readPayload(text) {
  if (!text || !/^[A-Za-z0-9+/]*={0,2}$/.test(text)) return null;
  const decoded = Buffer.from(text, 'base64').toString();
  try {
    const { title, body, content } = JSON.parse(decoded);
    if (decoded.includes('title')) return typeof title === 'string' && typeof body === 'string' ? { title, body } : null;
    return typeof content === 'string' ? { content } : null;
  } catch {
    return null;
  }
}
