// Plays every tests/transcripts/*.http against a fresh demo deployment. The files are also the API's examples. Each exchange is
// held against /openapi.json, and each of its operations must be in some file.
import test from 'node:test';
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { demoServer, until } from '../harness/server.mjs';
import { device, pushDeployment, report } from '../harness/pushes.mjs';
import { appToken, call, notification, userToken, subscribe } from '../harness/actors.mjs';
import { Contract, checkDocument } from '../harness/contract.mjs';
import { parseTranscript, play } from '../harness/transcript.mjs';
import { Receiver } from '../harness/webhook.mjs';

const folder = path.resolve(import.meta.dirname, '../transcripts');

// What a file's server has beside the demo's.
// Nothing leaves the machine: where hosts would be asked for their proofs, nobody listens.
const settings = { 'admin.http': { HELIOGRAPH_PUSH_LOOPBACK: 'true', HELIOGRAPH_IDENTITY_HOST_FILE: 'http://127.0.0.1:1/{host}', HELIOGRAPH_IDENTITY_NAME_SERVER: '127.0.0.1:1' }, 'throttled.http': { HELIOGRAPH_LIMITS_REQUESTS: '1' }, 'webhooks.http': { HELIOGRAPH_PUSH_LOOPBACK: 'true' } };
// What a file speaks of that happened before it.
const before = { 'ticket.http': pushed };
const played = new Set();
let operations = new Set();

// A phone of Alice's has got a push of the notification `parcel`: {pixel, parcel, ticket}.
async function pushed(at, variables) {
  const pixel = await device(at, at.demo.users[0], 'fcm', { deviceId: 'pixel' });
  const body = notification(at.demo, { appNotificationId: 'parcel', payload: { visualContent: { title: 'Parcel', body: 'Bay 4' } } });
  const posted = await call(at.base, 'POST', '/beta/me/notifications', { token: variables.appToken, unsid: pixel.unsid, body });
  const { body: { message } } = await until(() => at.sim.last({ platform: 'fcm', kind: 'push' }), { what: 'the push' });
  await until(async () => (await report(at, pixel.unsid, posted.json.id)).get(pixel.id).state === 'accepted', { what: 'that it was taken' });
  return { pixel: pixel.id, parcel: posted.json.id, ticket: message.data.ticket };
}

for (const file of readdirSync(folder).filter((name) => name.endsWith('.http'))) {
  test(`transcript ${file}`, async (t) => {
    const at = before[file] ? await pushDeployment(t) : await demoServer(t, { env: settings[file] });
    const { server, demo, data } = at;
    const [alice, bob] = demo.users;
    const variables = {
      base: server.base, demo, host: demo.crossDeviceApp.hostName, tenant: demo.tenantId, alice, bob,
      appToken: await appToken(server.base, demo), aliceToken: userToken(data, demo, alice), bobToken: userToken(data, demo, bob),
      apiToken: userToken(data, demo, alice, { scope: `api://${demo.appService.clientId}/access_as_user` }),
      adminToken: userToken(data, demo, demo.administrator, { scope: 'Heliograph.Admin' }),
      wide: '€'.repeat(12_000), kib64: 'x'.repeat(65_536),
      tomorrow: new Date(Date.now() + 86_400_000).toISOString(), afterTomorrow: new Date(Date.now() + 172_800_000).toISOString(), soon: new Date(Date.now() + 3_600_000).toISOString(),
    };
    const phone = await subscribe(server.base, variables.aliceToken, { deviceId: 'phone' });
    variables.unsid = phone.unsid;
    variables.subscription = phone.id;
    variables.webhook = (await Receiver.start(t)).url;
    variables.silent = (await Receiver.start(t, { agrees: () => undefined })).url;
    Object.assign(variables, await before[file]?.(at, variables));
    const contract = new Contract(await (await fetch(`${server.base}/openapi.json`)).json());
    operations = contract.operationIds;
    for (const block of parseTranscript(readFileSync(path.join(folder, file), 'utf8')))
      await t.test(block.title, async () => played.add(contract.check(await play(block, server.base, variables))));
  });
}

test('openapi.json is OpenAPI 3.1', async (t) => {
  const { server } = await demoServer(t);
  checkDocument(await (await fetch(`${server.base}/openapi.json`)).json());
});

test('every operation of openapi.json has a transcript', () => {
  assert.ok(operations.size > 0);
  assert.deepEqual([...operations].filter((id) => !played.has(id)), []);
});
