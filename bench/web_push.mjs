// The reference for Web Push: npm's web-push on kept connections.
//   node web_push.mjs FILE COUNT IN-FLIGHT
// FILE: {"authorities": PEM file, "payload", "ttl", "urgency", "topic", "subscriptions": [PushSubscription, …]}; those
// are sent to in turn, COUNT in all. Prints the figures as JSON.
import { readFileSync } from 'node:fs';
import https from 'node:https';
import webPush from 'web-push';

const [file, count, inFlight] = [process.argv[2], Number(process.argv[3]), Number(process.argv[4])];
const { authorities, payload, ttl, urgency, topic, subscriptions } = JSON.parse(readFileSync(file, 'utf8'));
const agent = new https.Agent({ keepAlive: true, maxSockets: inFlight, ca: readFileSync(authorities) });
const vapidDetails = { subject: 'mailto:push@example.com', ...webPush.generateVAPIDKeys() };

async function send(pushes) {
  let next = 0;
  await Promise.all(Array.from({ length: inFlight }, async () => {
    while (next < pushes) await webPush.sendNotification(subscriptions[next++ % subscriptions.length], payload, { TTL: ttl, urgency, topic, vapidDetails, agent, contentEncoding: 'aes128gcm' });
  }));
}

await send(Math.min(count, 500));  // connections, and what its compiler does
const cpu = process.cpuUsage(), began = performance.now();
await send(count);
const seconds = (performance.now() - began) / 1000, { user, system } = process.cpuUsage(cpu);
console.log(JSON.stringify({ operations: count, failed: 0, perSecond: count / seconds, cpuUs: (user + system) / count }));
agent.destroy();
