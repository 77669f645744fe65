// A cross-device app's host proves itself by its file or by a TXT record, and is served from then on.
import test from 'node:test';
import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { createSocket } from 'node:dgram';
import { demoServer, runAsync } from '../harness/server.mjs';
import { call, notification, subscribe, userToken } from '../harness/actors.mjs';

// Files by host, as https://HOST/cross-platform-app-identifiers would have them.
async function hosts(t) {
  const files = new Map();
  const server = createServer((request, response) => {
    const answer = files.get(request.url.split('/')[1]);
    if (answer === undefined) return response.writeHead(404).end();
    if (answer.location) return response.writeHead(302, { Location: answer.location }).end();
    response.writeHead(200, { 'Content-Type': 'application/json' }).end(answer);
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => { server.closeAllConnections(); server.close(); });
  return { files, pattern: `http://127.0.0.1:${server.address().port}/{host}/cross-platform-app-identifiers` };
}

// TXT records by name (RFC 1035 §4).
async function nameServer(t) {
  const records = new Map();
  const socket = createSocket('udp4');
  socket.on('message', (question, from) => {
    let at = 12;
    const labels = [];
    while (question[at] !== 0) { labels.push(question.toString('latin1', at + 1, at + 1 + question[at])); at += question[at] + 1; }
    const asked = question.subarray(12, at + 5);
    const texts = records.get(labels.join('.').toLowerCase()) ?? [];
    const answers = texts.map((text) => Buffer.concat([Buffer.from([0xc0, 12, 0, 16, 0, 1, 0, 0, 0, 60, 0, text.length + 1, text.length]), Buffer.from(text)]));
    const head = Buffer.from([question[0], question[1], 0x81, texts.length ? 0x80 : 0x83, 0, 1, 0, texts.length, 0, 0, 0, 0]);
    socket.send(Buffer.concat([head, asked, ...answers]), from.port, from.address);
  });
  await new Promise((resolve) => socket.bind(0, '127.0.0.1', resolve));
  t.after(() => socket.close());
  return { records, address: `127.0.0.1:${socket.address().port}` };
}

test('a host is served once it has proved itself, by file or by DNS, and only then', async (t) => {
  const { files, pattern } = await hosts(t);
  const { records, address } = await nameServer(t);
  const { server, demo, data } = await demoServer(t, { env: { HELIOGRAPH_PUSH_LOOPBACK: 'true', HELIOGRAPH_IDENTITY_HOST_FILE: pattern, HELIOGRAPH_IDENTITY_NAME_SERVER: address } });
  // The servers above are in this process, which must not wait.
  const command = async (...args) => { const done = await runAsync(['cross-device', ...args, '--data', data, '--json']); return { ...done, json: JSON.parse(done.stdout || 'null') }; };
  const token = userToken(data, demo, demo.users[0]);
  const post = (host) => call(server.base, 'POST', '/beta/me/notifications', { token, body: notification(demo, { targetHostName: host }) });
  for (const host of ['by-file.example', 'by-dns.example']) assert.equal((await command('add', host, '--member', demo.clientApp.clientId)).status, 0);

  const unproved = await command('verify', 'by-file.example');
  assert.equal(unproved.status, 1);
  assert.match(unproved.stderr, /404.*no TXT record/);
  assert.equal((await post('by-file.example')).status, 403);

  for (const wrong of ['[]', JSON.stringify([{ platform: 'heliograph', application: demo.appService.clientId }]), { location: `http://127.0.0.1/x` }, '['.repeat(100), 'x'.repeat(70_000)]) {
    files.set('by-file.example', wrong);
    assert.equal((await command('verify', 'by-file.example')).status, 1, JSON.stringify(wrong).slice(0, 80));
  }
  const { fileContent } = (await command('verification', 'by-file.example')).json;
  files.set('by-file.example', JSON.stringify([{ platform: 'windows_universal', application: 'Contoso_8wekyb3d8bbwe' }, ...fileContent]));
  assert.equal((await command('verify', 'by-file.example')).status, 0);
  await subscribe(server.base, token, { deviceId: 'desk', host: 'by-file.example' });
  assert.equal((await post('by-file.example')).status, 201);

  const how = (await command('verification', 'by-dns.example')).json;
  assert.equal(how.txtName, 'by-dns.example');
  records.set('by-dns.example', ['v=spf1 -all', (await command('verification', 'by-file.example')).json.txtValue]);
  assert.equal((await command('verify', 'by-dns.example')).status, 1, 'the value of another app proves nothing');
  records.set('by-dns.example', ['v=spf1 -all', how.txtValue]);
  assert.equal((await command('verify', 'by-dns.example')).status, 0);
  assert.equal((await command('show', 'by-dns.example')).json.verified, true);
});
