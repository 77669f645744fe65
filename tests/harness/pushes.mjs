// A demo deployment whose cross-device app is configured with all that heliograph-pushsim hands out, by the command line; and devices.
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { PushSim } from './pushsim.mjs';
import { initDemo, run, Server, temporaryFolder } from './server.mjs';
import { appToken, call, userToken } from './actors.mjs';

// What the vendors' addresses are here, as the configuration names them.
export function environment(sim) {
  const { https, apns, apnsSandbox, smtp } = sim.addresses;
  return {
    HELIOGRAPH_PUSH_APNS: apns, HELIOGRAPH_PUSH_APNS_SANDBOX: apnsSandbox, HELIOGRAPH_PUSH_FCM: https, HELIOGRAPH_PUSH_WNS_STORE_TOKEN: `${https}/accesstoken.srf`,
    HELIOGRAPH_PUSH_WNS_ENTRA: https, HELIOGRAPH_PUSH_LOOPBACK: 'true', HELIOGRAPH_PUSH_AUTHORITIES: path.join(sim.credentials, 'ca.pem'),
    HELIOGRAPH_MAIL_RELAY: `smtp://${smtp}`, HELIOGRAPH_MAIL_FROM_ADDRESS: 'heliograph@example.com',
  };
}

// Sets every platform's credentials as an operator does.
export function configure(data, sim) {
  const apns = sim.app('apns'), wns = sim.app('wns', (app) => app.packageSid);
  const secret = path.join(sim.credentials, 'wns-secret.txt');
  writeFileSync(secret, wns.clientSecret);
  const commands = [
    ['add-apns', '--key-file', path.join(sim.credentials, 'apns.p8'), '--key-id', apns.keyId, '--team-id', apns.teamId],
    ['add-fcm', '--service-account-file', path.join(sim.credentials, 'fcm-service-account.json')],
    ['add-wns', '--package-sid', wns.packageSid, '--client-secret-file', secret],
    ['add-webpush', '--subject', 'mailto:push@example.com'],
  ];
  for (const command of commands) {
    const done = run(['credential', ...command, '--data', data]);
    if (done.status !== 0) throw new Error(`credential ${command[0]}: ${done.stderr}`);
  }
}

export async function pushDeployment(t, { args = [], simArgs = [] } = {}) {
  const folder = temporaryFolder(t), data = path.join(folder, 'data');
  const sim = await PushSim.start(t, { args: simArgs });
  const demo = initDemo(data);
  const env = environment(sim);
  const server = await Server.start(data, { env, args });
  t.after(() => server.stop());
  configure(data, sim);
  return { sim, demo, data, server, env, base: server.base, app: await appToken(server.base, demo) };
}

// A device of `user` that is pushed to: {platform, endpoint of the simulator, subscription id, unsid}.
export async function device(at, user, platform, { deviceId = platform, endpoint, ...members } = {}) {
  const token = typeof user === 'string' ? user : userToken(at.data, at.demo, user);
  const vapid = at.demo.crossDeviceApp.vapidPublicKey;
  const more = platform === 'webPush' ? { applicationServerKey: vapid } : platform === 'wns' ? { app: at.sim.app('wns', (app) => app.packageSid).packageSid } : {};
  const there = endpoint ?? (await at.sim.endpoint(platform, more));
  const channels = {
    apns: () => ({ platformType: 'apns', pushToken: there.token, appPackageName: at.sim.app('apns').topics[0] }),
    fcm: () => ({ platformType: 'fcm', pushToken: there.token }),
    wns: () => ({ platformType: 'wns', pushToken: there.channelUri }),
    webPush: () => ({ platformType: 'webpush', pushToken: JSON.stringify({ endpoint: there.endpoint, keys: there.keys }), applicationServerKey: vapid }),
  };
  const answer = await call(at.base, 'POST', '/v1/feeds/me/subscriptions', { token, body: { deviceId, crossPlatformChannelData: channels[platform](), ...members } });
  if (answer.status !== 201 && answer.status !== 200) throw new Error(`subscribe ${platform}: ${answer.status} ${answer.raw}`);
  return { platform, endpoint: there, id: answer.json.id, unsid: answer.json.userNotificationSubscriptionId, token };
}

// The delivery report by endpoint: {state, reason, …} of `subscription`, or of the mail.
export async function report(at, unsid, id) {
  const answer = await call(at.base, 'GET', `/beta/me/notifications/${id}/deliveries`, { token: at.app, unsid });
  if (answer.status !== 200) throw new Error(`deliveries: ${answer.status} ${answer.raw}`);
  return new Map(answer.json.value.map((line) => [line.subscriptionId ?? 'email', line]));
}
