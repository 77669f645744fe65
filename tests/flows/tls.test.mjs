// TLS of the real program: what it speaks, and certificates that change while it serves.
import test from 'node:test';
import assert from 'node:assert/strict';
import path from 'node:path';
import tls from 'node:tls';
import { spawn, spawnSync } from 'node:child_process';
import { chmodSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { demoServer, initDemo, run, temporaryFolder, until } from '../harness/server.mjs';

const portOf = (url) => Number(new URL(url).port);

function openssl(args, input = '') {
  const done = spawnSync('openssl', args, { encoding: 'utf8', input, timeout: 60_000 });
  return done.stdout + done.stderr;
}

// What `openssl s_client` says after one request.
function client(port, options) {
  return openssl(['s_client', '-ign_eof', '-connect', `127.0.0.1:${port}`, ...options], `GET /healthz HTTP/1.1\r\nHost: localhost:${port}\r\nConnection: close\r\n\r\n`);
}
const spoken = (text) => text.match(/^New, (\S+), Cipher is (\S+)/m)?.slice(1);

test('speaks TLS 1.2 and 1.3 with AEAD and ephemeral keys, and nothing else', async (t) => {
  const { server } = await demoServer(t, { tls: true });
  const port = portOf(server.tls);
  // Old versions at a security level that would let a client speak them.
  for (const version of ['-tls1', '-tls1_1']) assert.equal(spoken(client(port, [version, '-cipher', 'ALL:@SECLEVEL=0']))?.[1] ?? '(NONE)', '(NONE)', version);
  for (const suite of ['AES128-GCM-SHA256', 'AES256-SHA', 'ECDHE-ECDSA-AES128-SHA', 'ECDHE-RSA-AES128-SHA', 'ECDHE-ECDSA-AES256-SHA384', 'DHE-RSA-AES128-GCM-SHA256', 'NULL', 'aNULL', '3DES', 'RC4'])
    assert.equal(spoken(client(port, ['-tls1_2', '-cipher', `${suite}:@SECLEVEL=0`]))?.[1] ?? '(NONE)', '(NONE)', suite);
  const good = spoken(client(port, ['-tls1_2']));
  assert.match(good?.[1] ?? '', /^ECDHE-(ECDSA|RSA)-(AES(128|256)-GCM|CHACHA20)/);
  const newest = client(port, []);
  assert.equal(spoken(newest)?.[0], 'TLSv1.3');
  assert.match(newest, /HTTP\/1\.1 200/);
  assert.match(newest, /Compression: NONE/);
  assert.doesNotMatch(newest, /Early data was accepted|Max Early Data: [1-9]/);
});

test('does not renegotiate', async (t) => {
  const { server } = await demoServer(t, { tls: true });
  const child = spawn('openssl', ['s_client', '-tls1_2', '-connect', `127.0.0.1:${portOf(server.tls)}`]);
  t.after(() => child.kill());
  let text = '';
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (chunk) => (text += chunk));
  const ended = new Promise((resolve) => child.on('close', resolve));
  await until(() => text.includes('Cipher is ECDHE'));
  child.stdin.write('R\n');
  await ended;
  assert.match(text, /RENEGOTIATING[\s\S]*(no renegotiation|handshake failure|errno)/i);
});

// A certificate of its own, named `name`, beside its key.
function certificate(folder, name) {
  const files = { cert: path.join(folder, `${name}.pem`), key: path.join(folder, `${name}.key`) };
  const made = spawnSync('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2', '-subj', `/CN=${name}`, '-addext', 'subjectAltName=DNS:localhost', '-keyout', files.key, '-out', files.cert]);
  assert.equal(made.status, 0, String(made.stderr));
  chmodSync(files.key, 0o600);
  return files;
}

function connect(port) {
  return new Promise((resolve, reject) => {
    const socket = tls.connect({ port, host: '127.0.0.1', rejectUnauthorized: false }, () => resolve(socket));
    socket.on('error', reject);
  });
}

async function nameOf(port) {
  const socket = await connect(port);
  const name = socket.getPeerCertificate().subject.CN;
  socket.destroy();
  return name;
}

function ask(socket) {
  return new Promise((resolve, reject) => {
    socket.once('data', (chunk) => resolve(String(chunk).split('\r\n')[0]));
    socket.once('close', () => reject(new Error('closed')));
    socket.write(`GET /healthz HTTP/1.1\r\nHost: localhost:${socket.remotePort}\r\n\r\n`);
  });
}

test('a new certificate is served from the moment its files are there, and by SIGHUP; a broken one is not', async (t) => {
  const folder = temporaryFolder(t);
  const first = certificate(folder, 'first');
  const second = certificate(folder, 'second');
  const third = certificate(folder, 'third');
  const { server } = await demoServer(t, { tls: true, args: ['--tls-cert', first.cert, '--tls-key', first.key] });
  const port = portOf(server.tls);
  assert.equal(await nameOf(port), 'first');
  const old = await connect(port);
  t.after(() => old.destroy());

  // As a renewal does it: one file, then the other.
  renameSync(second.cert, first.cert);
  renameSync(second.key, first.key);
  await until(async () => (await nameOf(port)) === 'second', { what: 'the new certificate' });
  assert.equal(await ask(old), 'HTTP/1.1 200 OK');

  // Broken: the one before stays, and the log says so once.
  const good = readFileSync(first.cert);
  writeFileSync(first.cert, 'nonsense');
  await until(() => server.log.includes('the certificate stays as it was'));
  assert.equal(await nameOf(port), 'second');
  assert.equal(server.log.split('the certificate stays as it was').length, 2);
  writeFileSync(first.cert, good);

  renameSync(third.cert, first.cert);
  renameSync(third.key, first.key);
  server.child.kill('SIGHUP');
  await until(async () => (await nameOf(port)) === 'third', { what: 'the third certificate' });
  assert.equal(await ask(old), 'HTTP/1.1 200 OK');
});

test('a key that others may read is refused', (t) => {
  const folder = temporaryFolder(t);
  const files = certificate(folder, 'open');
  chmodSync(files.key, 0o644);
  const data = path.join(folder, 'data');
  initDemo(data);
  const refused = run(['serve', '--data', data, '--tls-listen', '127.0.0.1:0', '--tls-cert', files.cert, '--tls-key', files.key]);
  assert.equal(refused.status, 1);
  assert.match(refused.stderr, /may be read by others; chmod o= /);
});
