// Notifications fanned out to three endpoints each, and the references for a push: a bare libcurl loop (APNs, FCM) and
// Node's web-push (Web Push), all against one heliograph-pushsim on loopback.
import { createPrivateKey, createSign } from 'node:crypto';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import http from 'node:http';
import path from 'node:path';
import { PushSim } from '../tests/harness/pushsim.mjs';
import { configure, device, environment } from '../tests/harness/pushes.mjs';
import { deployment, figures, folder, scope, serveHeliograph, tool } from './servers.mjs';

const connections = 16;  // that post
const outstanding = 128; // notifications posted, but not yet at all their endpoints
const inFlight = 32;     // requests of a reference at once

// Microseconds that a process has run, all its threads together.
function cpuUs(pid) {
  const tasks = readdirSync(`/proc/${pid}/task`);
  return tasks.reduce((sum, task) => sum + Number(readFileSync(`/proc/${pid}/task/${task}/schedstat`, 'utf8').split(' ')[0]), 0) / 1000;
}

const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

async function inTurn(count, atOnce, work) {
  let next = 0;
  await Promise.all(Array.from({ length: atOnce }, async () => { while (next < count) await work(next++); }));
}

// A Heliograph whose users have these endpoints each; none: a live-only subscription.
class Stage {
  static async set(sim, platforms, users) {
    const stage = new Stage();
    const filled = deployment(`deliver-${platforms.join('-') || 'none'}`, users, 1);
    configure(filled.data, sim);
    stage.server = await serveHeliograph(filled, { env: environment(sim) });
    stage.sim = sim;
    stage.platforms = platforms;
    stage.agent = new http.Agent({ keepAlive: true, maxSockets: connections });
    stage.host = filled.demo.crossDeviceApp.hostName;
    stage.token = (await stage.admin('tokens', { crossDevice: stage.host })).access_token;
    stage.unsids = [];
    const at = { base: stage.server.url, sim, demo: filled.demo, data: filled.data };
    await inTurn(users, 8, async (n) => {
      const user = `bench${String(n).padStart(6, '0')}@bench.example`;
      if (platforms.length === 0) {
        const { userNotificationSubscriptionId } = await stage.admin('subscriptions', { user, crossDevice: stage.host, deviceId: 'bench' });
        return stage.unsids.push(userNotificationSubscriptionId);
      }
      const { access_token: token } = await stage.admin('tokens', { user, crossDevice: stage.host });
      let unsid;
      for (const [i, platform] of platforms.entries()) ({ unsid } = await device(at, token, platform, { deviceId: `device-${i}` }));
      stage.unsids.push(unsid);
    });
    return stage;
  }

  call(method, target, token, body, headers = {}) {
    const text = JSON.stringify(body);
    return new Promise((resolve, reject) => {
      const request = http.request(this.server.url + target, { method, agent: this.agent, headers: { Authorization: `Bearer ${token}`, 'Content-Type': 'application/json', ...headers } }, (answer) => {
        let raw = '';
        answer.setEncoding('utf8').on('data', (piece) => (raw += piece)).on('end', () => resolve({ status: answer.statusCode, raw }));
      });
      request.on('error', reject).end(text);
    });
  }

  async admin(what, body) {
    const { status, raw } = await this.call('POST', `/admin/v1/${what}`, this.server.env.HELIOGRAPH_TOKEN, body);
    if (status >= 300) throw new Error(`${what}: ${status} ${raw}`);
    return JSON.parse(raw);
  }

  async post(number) {
    const body = { targetHostName: this.host, appNotificationId: `bench-${number}`, displayTimeToLive: 600, priority: 'High', groupName: 'builds',
      payload: { visualContent: { title: 'Build 4711 has failed', body: 'Three tests of the nightly build did not pass on the branch main; the log names them.' }, rawContent: '{"build":4711,"branch":"main","failed":3}' } };
    const { status, raw } = await this.call('POST', '/beta/me/notifications', this.token, body, { 'X-UNS-ID': this.unsids[number % this.unsids.length] });
    if (status !== 201) throw new Error(`a post was answered ${status}: ${raw}`);
  }

  // Posts so many, and waits until all their pushes are written down as accepted.
  async run(count) {
    await this.sim.call('DELETE', '/sim/received');
    let posted = 0, pushed = 0, over = false;
    const expected = count * this.platforms.length;
    const watch = (async () => {
      while (!over || pushed < expected) {
        pushed = Object.values((await this.sim.call('GET', '/sim')).counts).reduce((sum, one) => sum + (one.accepted ?? 0), 0);
        await pause(2);
      }
    })();
    const cpu = cpuUs(this.server.pid), began = performance.now();
    await inTurn(count, connections, async (n) => {
      while (this.platforms.length > 0 && posted - pushed / this.platforms.length > outstanding) await pause(1);
      posted += 1;
      await this.post(n);
    });
    over = true;
    await watch;
    const seconds = (performance.now() - began) / 1000;
    await this.server.until(async () => {
      const text = await (await fetch(`${this.server.url}/metrics`)).text();
      return ![...text.matchAll(/heliograph_deliveries\{[^}]*outcome="(?:pending|retrying)"\} (\d+)/g)].some(([, open]) => open !== '0');
    }, 'pushes were not written down');
    return { us: (cpuUs(this.server.pid) - cpu) / count, seconds, pushed: expected };
  }
}

const base64url = (value) => Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url');
function jwt(header, claims, key, options = {}) {
  const text = `${base64url(header)}.${base64url(claims)}`;
  return `${text}.${createSign('SHA256').update(text).sign({ key: createPrivateKey(key), ...options }, 'base64url')}`;
}

// What a reference sends is what Heliograph has sent, to endpoints of its own.
async function apnsWork(sim) {
  const { keyId, teamId } = sim.app('apns');
  const { headers, payload } = await sim.last({ platform: 'apns', kind: 'push' });
  const token = jwt({ alg: 'ES256', kid: keyId }, { iss: teamId, iat: Math.floor(Date.now() / 1000) }, readFileSync(path.join(sim.credentials, 'apns.p8')), { dsaEncoding: 'ieee-p1363' });
  const devices = await Promise.all(Array.from({ length: inFlight }, () => sim.endpoint('apns')));
  return {
    headers: [...Object.entries(headers).map(([name, value]) => `${name}: ${value}`), 'content-type: application/json', `authorization: bearer ${token}`, 'Expect:'],
    requests: devices.map((one) => ({ url: `${sim.addresses.apns}/3/device/${one.token}`, body: payload })),
  };
}

async function fcmWork(sim) {
  const account = JSON.parse(readFileSync(path.join(sim.credentials, 'fcm-service-account.json'), 'utf8'));
  const { body } = await sim.last({ platform: 'fcm', kind: 'push' });
  const now = Math.floor(Date.now() / 1000);
  const assertion = jwt({ alg: 'RS256', kid: account.private_key_id }, { iss: account.client_email, aud: account.token_uri, scope: 'https://www.googleapis.com/auth/firebase.messaging', iat: now, exp: now + 3600 }, account.private_key);
  const form = new URLSearchParams({ grant_type: 'urn:ietf:params:oauth:grant-type:jwt-bearer', assertion });
  const granted = await fetch(sim.addresses.http + new URL(account.token_uri).pathname, { method: 'POST', body: form });
  if (!granted.ok) throw new Error(`no FCM token: ${await granted.text()}`);
  const { access_token: token } = await granted.json();
  const devices = await Promise.all(Array.from({ length: inFlight }, () => sim.endpoint('fcm')));
  return {
    headers: [`Authorization: Bearer ${token}`, 'Content-Type: application/json', 'Expect:'],
    requests: devices.map((one) => ({ url: `${sim.addresses.https}/v1/projects/${account.project_id}/messages:send`, body: JSON.stringify({ message: { ...body.message, token: one.token } }) })),
  };
}

async function webPushWork(sim) {
  const { headers, message } = await sim.last({ platform: 'webPush', kind: 'push' });
  const subscriptions = await Promise.all(Array.from({ length: inFlight }, () => sim.endpoint('webPush')));
  return { authorities: path.join(sim.credentials, 'ca.pem'), payload: message, ttl: Number(headers.TTL), urgency: headers.Urgency, topic: headers.Topic, subscriptions };
}

function written(where, name, work) {
  const file = path.join(where, `${name}.json`);
  writeFileSync(file, JSON.stringify(work));
  return file;
}

export async function deliver(size, interleave) {
  const sim = await PushSim.start(scope, { credentials: folder('pushsim'), args: ['--keep', '1000'] });
  const authorities = path.join(sim.credentials, 'ca.pem'), where = folder('pushes');
  const { pushes: count, pushed: users } = size;
  const stages = {};
  for (const [name, platforms] of Object.entries({ none: [], mixed: ['apns', 'fcm', 'webPush'], apns: Array(3).fill('apns'), fcm: Array(3).fill('fcm'), webPush: Array(3).fill('webPush') }))
    stages[name] = await Stage.set(sim, platforms, users);
  for (const stage of Object.values(stages)) await stage.run(users);  // connections, tokens, caches
  await stages.mixed.run(1);
  const work = {
    apns: written(where, 'apns', { authorities, ...await apnsWork(sim) }),
    fcm: written(where, 'fcm', { authorities, ...await fcmWork(sim) }),
    webPush: written(where, 'webpush', await webPushWork(sim)),
  };
  let post = 0;
  // Of a push: without what the post alone costs in this round.
  const ours = (stage) => async () => {
    const { us, seconds, pushed } = await stage.run(count);
    return { perSecond: pushed / seconds, cpuUs: (us - post) / stage.platforms.length };
  };
  // libcurl may take a connection that was idle for dead and open another, where APNs refuses every stream but the first
  // until it knows the sender: such a run is made again.
  const bare = (file) => async () => {
    for (let attempt = 1; ; ++attempt) {
      try {
        return figures(tool('bare_push'), [file, String(3 * count), String(inFlight)]);
      } catch (error) {
        if (attempt === 5) throw error;
      }
    }
  };
  const node = async () => figures(process.execPath, [path.join(import.meta.dirname, 'web_push.mjs'), work.webPush, String(count), String(inFlight)]);
  return interleave({
    'a post without endpoints': async () => {
      const { us, seconds } = await stages.none.run(count);
      post = us;
      return { perSecond: count / seconds, cpuUs: us };
    },
    'Heliograph, one of each': ours(stages.mixed),
    'Heliograph, APNs': ours(stages.apns),
    'bare libcurl, APNs': bare(work.apns),
    'Heliograph, FCM': ours(stages.fcm),
    'bare libcurl, FCM': bare(work.fcm),
    'Heliograph, Web Push': ours(stages.webPush),
    'Node web-push': node,
  }, size.rounds);
}
