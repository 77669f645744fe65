// Clients that connect and then hardly say anything: in the head, in the body, in the TLS handshake, a byte every three seconds. They
// are ended in time, and everybody else is served meanwhile. CONNECTIONS=2000 of each kind for more.
import test from 'node:test';
import assert from 'node:assert/strict';
import { demoServer } from '../harness/server.mjs';
import { appToken, userToken, subscribe, notification, call } from '../harness/actors.mjs';
import { Raw, residentKb, spread } from '../harness/raw.mjs';

const each = Number(process.env.CONNECTIONS ?? 500);
const head = 'POST /beta/me/notifications HTTP/1.1\r\nHost: localhost\r\n';

// Opens `each` connections that begin with `start` and go on a byte at a time; resolves when the server has ended all of them.
async function drip(base, start, rest) {
  const connections = [];
  while (connections.length < each) connections.push(...(await Promise.all(Array.from({ length: 50 }, () => Raw.open(base)))));
  const begun = performance.now();
  for (const connection of connections) if (start) connection.say(start);
  let at = 0;
  const timer = setInterval(() => { for (const connection of connections) connection.say(rest[at % rest.length]); ++at; }, 3000);
  const ended = await Promise.all(connections.map(async (connection) => ({ heard: await connection.closed, after: performance.now() - begun })));
  clearInterval(timer);
  return { heard: ended.map(({ heard }) => heard), seconds: spread(ended.map(({ after }) => after / 1000)) };
}

test('slow clients are ended in time and nobody else notices', async (t) => {
  const { server, demo, data } = await demoServer(t, { tls: true });
  const token = await appToken(server.base, demo);
  const { unsid } = await subscribe(server.base, userToken(data, demo, demo.users[0]));
  const post = async () => {
    const begun = performance.now();
    const answer = await call(server.base, 'POST', '/beta/me/notifications', { token, unsid, body: notification(demo) });
    assert.equal(answer.status, 201);
    return performance.now() - begun;
  };
  const alone = [];
  for (let i = 0; i < 200; ++i) alone.push(await post());
  const memory = residentKb(server.child.pid);

  let going = true;
  const others = (async () => {
    const times = [];
    while (going) times.push(await post());
    return times;
  })();
  const [heads, bodies, handshakes] = await Promise.all([
    drip(server.base, head, 'X-Name: value'),
    drip(server.base, `${head}Content-Length: 60000\r\nContent-Type: application/json\r\n\r\n{`, ' '),
    drip(server.tls, '', '\x16\x03\x01\x02\x00'),
  ]);
  const most = residentKb(server.child.pid);
  going = false;
  const times = await others;

  for (const heard of heads.heard) assert.match(heard, /^HTTP\/1\.1 408 /);
  for (const heard of bodies.heard) assert.match(heard, /^HTTP\/1\.1 408 /);
  for (const heard of handshakes.heard) assert.doesNotMatch(heard, /HTTP/);
  await post();
  const say = (text) => t.diagnostic(`measured ${text}`);
  say(`${each} slow connections of each kind ended after seconds (p50, worst): head ${heads.seconds.p50}, ${heads.seconds.worst}; body ${bodies.seconds.p50}, ${bodies.seconds.worst}; handshake ${handshakes.seconds.p50}, ${handshakes.seconds.worst}`);
  const before = spread(alone), during = spread(times);
  say(`a post alone ${before.p50} ms (p99 ${before.p99}), beside ${3 * each} slow clients ${during.p50} ms (p99 ${during.p99}, ${times.length} posts); ${most - memory} kB more resident`);
});
