// A TLS proxy between a client and the server, with the demo's certificate. `seen` keeps what passed; `interfere` may
// answer instead of the server: (request, forward) => answer, where `forward()` asks the server.
import { createServer } from 'node:https';
import { readFileSync, rmSync } from 'node:fs';
import path from 'node:path';
import { initDemo, Server, temporaryFolder } from './server.mjs';

export class Proxy {
  static async start(t, data) {
    const proxy = new Proxy();
    proxy.seen = [];
    proxy.interfere = (request, forward) => forward();
    const files = path.join(data, 'tls');
    const server = createServer({ cert: readFileSync(path.join(files, 'cert.pem')), key: readFileSync(path.join(files, 'key.pem')) }, (request, response) => proxy.#pass(request, response));
    await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
    t.after(() => { server.closeAllConnections(); server.close(); });
    proxy.url = `https://127.0.0.1:${server.address().port}`;
    return proxy;
  }

  async #pass(message, response) {
    const chunks = [];
    for await (const chunk of message) chunks.push(chunk);
    const request = { method: message.method, url: message.url, headers: message.headers, body: Buffer.concat(chunks) };
    this.seen.push(request);
    const answer = await this.interfere(request, () => this.#forward(request));
    response.writeHead(answer.status, answer.headers).end(answer.body);
  }

  async #forward({ method, url, headers, body }) {
    const { host, connection, 'content-length': length, ...rest } = headers;
    const answer = await fetch(this.target + url, { method, headers: rest, body: body.length ? body : undefined, redirect: 'manual' });
    const passed = Object.fromEntries([...answer.headers].filter(([name]) => !['connection', 'transfer-encoding', 'content-length', 'content-encoding'].includes(name)));
    return { status: answer.status, headers: passed, body: Buffer.from(await answer.arrayBuffer()) };
  }
}

// A demo deployment whose address is the proxy's: {server, demo, data, proxy}.
export async function demoBehindProxy(t) {
  const folder = temporaryFolder();
  const data = path.join(folder, 'data');
  const demo = initDemo(data);
  const proxy = await Proxy.start(t, data);
  const server = await Server.start(data, { args: ['--public-url', proxy.url] });
  proxy.target = server.base;
  t.after(async () => { await server.stop(); rmSync(folder, { recursive: true, force: true }); });
  return { server, demo, data, proxy };
}
