// What a WebSocket client may not do, each on a live connection of the real program: the close code is RFC 6455's, other connections
// and the server go on.
import test from 'node:test';
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { demoServer } from '../harness/server.mjs';
import { userToken, call, Live } from '../harness/actors.mjs';
import { Raw, request, residentKb } from '../harness/raw.mjs';

// One frame. `length` is the length that the header claims, `wide` the bytes it is written in (0, 2 or 8), `mask` none for unmasked.
function frame(opcode, payload = '', { fin = true, reserved = 0, mask = randomBytes(4), length, wide } = {}) {
  const bytes = Buffer.from(payload);
  const size = length ?? bytes.length;
  const width = wide ?? (size < 126 ? 0 : size < 65536 ? 2 : 8);
  const header = Buffer.alloc(2 + width);
  header[0] = (fin ? 0x80 : 0) | reserved | opcode;
  header[1] = (mask ? 0x80 : 0) | (width === 0 ? size : width === 2 ? 126 : 127);
  if (width === 2) header.writeUInt16BE(size, 2);
  if (width === 8) header.writeBigUInt64BE(BigInt(size), 2);
  if (!mask) return Buffer.concat([header, bytes]);
  return Buffer.concat([header, mask, bytes.map((byte, i) => byte ^ mask[i % 4])]);
}

const text = 1, binary = 2, close = 8, ping = 9, pong = 10;
const closing = (code, reason = '') => frame(close, Buffer.concat([Buffer.from([code >> 8, code & 255]), Buffer.from(reason)]));
const fragments = (count) => Buffer.concat([frame(text, '{', { fin: false }), ...Array.from({ length: count - 2 }, () => frame(0, ' ', { fin: false })), frame(0, '}')]);
const message = (size) => frame(text, `{"type":"ack","etag":"${'x'.repeat(size - 24)}"}`.slice(0, size - 2).padEnd(size - 2, 'x') + '"}');

const broken = {
  'an unmasked frame': [1002, frame(text, '{}', { mask: null })],
  'reserved bit 1, as of a compressed frame': [1002, frame(text, '{}', { reserved: 0x40 })],
  'reserved bit 2': [1002, frame(text, '{}', { reserved: 0x20 })],
  'reserved bit 3': [1002, frame(text, '{}', { reserved: 0x10 })],
  'an unknown opcode': [1002, frame(3)],
  'an unknown control opcode': [1002, frame(11)],
  'a ping of 126 bytes': [1002, frame(ping, 'x'.repeat(126))],
  'a fragmented ping': [1002, frame(ping, 'x', { fin: false })],
  'a fragmented close': [1002, frame(close, '', { fin: false })],
  'a continuation of nothing': [1002, frame(0, 'x')],
  'a text within a fragmented text': [1002, Buffer.concat([frame(text, '{', { fin: false }), frame(text, '}')])],
  'a length in more bytes than it needs': [1002, frame(text, '{}', { wide: 2 })],
  'a length of eight bytes that two would hold': [1002, frame(text, '{}', { wide: 8 })],
  'a length beyond 63 bits': [1002, Buffer.concat([Buffer.from([0x81, 0xff, 0x80, 0, 0, 0, 0, 0, 0, 0]), Buffer.alloc(4)])],
  'a close of one byte': [1002, frame(close, 'x')],
  'a close with 1005': [1002, closing(1005)],
  'a close with 1006': [1002, closing(1006)],
  'a close with 999': [1002, closing(999)],
  'a close with 5000': [1002, closing(5000)],
  'a close whose reason is no UTF-8': [1007, frame(close, Buffer.from([3, 232, 0xff]))],
  'a text that is no UTF-8': [1007, frame(text, Buffer.from([0xc0, 0x80]))],
  'a text that ends in half a character': [1007, frame(text, Buffer.from([0xe2, 0x82]))],
  'half a surrogate pair as UTF-8': [1007, frame(text, Buffer.from([0xed, 0xa0, 0x80]))],
  'no UTF-8 over two fragments': [1007, Buffer.concat([frame(text, Buffer.from([0xe2]), { fin: false }), frame(0, Buffer.from([0x28, 0xa1]))])],
  'a message that claims a terabyte': [1009, frame(text, '', { length: 2 ** 40 })],
  'a message of 65,537 bytes': [1009, message(65537)],
  'a message of 65 fragments': [1009, fragments(65)],
  'fragments that are too much together': [1009, Buffer.concat([frame(text, 'x'.repeat(65000), { fin: false }), frame(0, 'x'.repeat(600))])],
  'a binary message': [1003, frame(binary, '{}')],
  'a text that is no message of ours': [4400, frame(text, '[]')],
  'JSON that is too deep': [4400, frame(text, `{"a":${'['.repeat(10_000)}${']'.repeat(10_000)}}`)],
  'a close in order': [1000, closing(1000, 'bye')],
  'a close without a code': [1005, frame(close)],
};
const orderly = {
  'a message of 65,536 bytes': [message(65536), /"refused"/],
  'a message of 64 fragments': [Buffer.concat([frame(text, '{"type":"ack",', { fin: false }), ...Array.from({ length: 62 }, () => frame(0, ' ', { fin: false })), frame(0, '"etag":"x"}')]), /"refused"/],
  'a ping between fragments': [Buffer.concat([frame(text, '{"type":"ack",', { fin: false }), frame(ping, 'hello'), frame(0, '"etag":"x"}')]), /hello[\s\S]*"refused"/],
  'a pong nobody asked for': [Buffer.concat([frame(pong, 'x'), frame(text, '{"type":"ack","etag":"x"}')]), /"refused"/],
};

// The payload code of the first close frame of the server; 1005 where it has none.
function closeCode(heard) {
  let at = heard.indexOf('\r\n\r\n') + 4;
  while (at > 3 && at + 2 <= heard.length) {
    const length = heard[at + 1] < 126 ? heard[at + 1] : heard[at + 1] === 126 ? heard.readUInt16BE(at + 2) : Number(heard.readBigUInt64BE(at + 2));
    const payload = at + 2 + (heard[at + 1] < 126 ? 0 : heard[at + 1] === 126 ? 2 : 8);
    if (payload + length > heard.length) return undefined;
    if ((heard[at] & 15) === close) return length === 0 ? 1005 : heard.readUInt16BE(payload);
    at = payload + length;
  }
  return undefined;
}

test('WebSocket abuse', async (t) => {
  const { server, demo, data } = await demoServer(t);
  const token = userToken(data, demo, demo.users[0]);
  const path = '/beta/me/notifications/stream';
  const shakeHands = async () => {
    const ticket = await call(server.base, 'POST', `${path}/tickets`, { token, body: {} });
    const raw = await Raw.open(server.base);
    raw.say(request(`GET ${path}?ticket=${ticket.json.ticket}`, { Upgrade: 'websocket', Connection: 'Upgrade', 'Sec-WebSocket-Key': randomBytes(16).toString('base64'), 'Sec-WebSocket-Version': 13 }));
    assert.equal(await raw.status(), 101);
    return raw;
  };
  const bystander = await Live.open(server.base, token);
  const memory = residentKb(server.child.pid);

  for (const [what, [code, bytes]] of Object.entries(broken)) {
    await t.test(`${what}: ${code}`, async () => {
      const raw = await shakeHands();
      raw.say(bytes);
      assert.equal(await raw.until(closeCode), code);
      raw.end();
    });
  }
  for (const [what, [bytes, answer]] of Object.entries(orderly)) {
    await t.test(`${what} is in order`, async () => {
      const raw = await shakeHands();
      raw.say(bytes);
      assert.ok(await raw.until((heard) => answer.test(heard.toString('latin1'))), raw.heard.toString('latin1'));
      assert.equal(closeCode(raw.heard), undefined);
      await raw.end();
    });
  }
  await t.test('every frame a byte at a time and cut off anywhere', async () => {
    const all = Object.values(broken).map(([, bytes]) => bytes).filter((bytes) => bytes.length < 200);
    for (const bytes of all) {
      const raw = await shakeHands();
      for (const byte of bytes.subarray(0, -1)) raw.say(Buffer.from([byte]));
      raw.end();
    }
  });
  await t.test('pings nobody reads the pongs of do not pile up', async () => {
    const raw = await shakeHands();
    raw.socket.pause();
    const pings = Buffer.concat(Array.from({ length: 1000 }, () => frame(ping, 'x'.repeat(125))));
    for (let i = 0; i < 100; ++i) if (!raw.socket.write(pings)) break;
    raw.end();
  });

  assert.equal(bystander.closeEvent, undefined);
  bystander.send({ type: 'ack', etag: 'x' });
  await bystander.next((heard) => heard.type === 'refused');
  await bystander.close();
  const more = residentKb(server.child.pid) - memory;
  t.diagnostic(`measured ${Object.keys(broken).length} abused WebSockets: ${more} kB more resident`);
  assert.ok(more < 64 * 1024, `${more} kB more resident`);
});
