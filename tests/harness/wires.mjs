// Connections that go through the test: a balancer in front of nodes, and a wire between two programs that can be cut, or that loses
// messages of NATS.
import net from 'node:net';

function listen(onConnection, port = 0) {
  const sockets = new Set();
  const keep = (socket) => { sockets.add(socket); socket.on('close', () => sockets.delete(socket)).on('error', () => {}); return socket; };
  const server = net.createServer((client) => onConnection(keep(client), keep));
  return new Promise((resolve, reject) => {
    server.on('error', reject).listen(0, '127.0.0.1', () => resolve({ server, sockets, port: server.address().port }));
  });
}

function join(client, upstream) {
  client.pipe(upstream).pipe(client);
  client.on('close', () => upstream.destroy());
  upstream.on('close', () => client.destroy());
}

// Each connection to the next of `nodes` ({port}) that takes it.
export class Balancer {
  static async start(t, nodes = [], at = 0) {
    const balancer = new Balancer();
    balancer.nodes = nodes;
    let turn = 0;
    const connect = (client, keep, tries) => {
      const all = balancer.nodes;
      if (tries >= all.length) return client.destroy();
      const upstream = net.connect({ host: '127.0.0.1', port: all[turn++ % all.length].port, noDelay: true });
      upstream.once('error', () => connect(client, keep, tries + 1));
      upstream.once('connect', () => join(client, keep(upstream)));
    };
    const { server, sockets, port } = await listen((client, keep) => { client.setNoDelay(true); connect(client, keep, 0); }, at);
    Object.assign(balancer, { port, url: `http://127.0.0.1:${port}`, stop: () => { server.close(); for (const socket of sockets) socket.destroy(); } });
    t?.after(() => balancer.stop());
    return balancer;
  }
}

// A wire to 127.0.0.1:`to` that can be cut and mended; `filter(bytes)` changes what comes from there.
export class Wire {
  static async start(t, to, { filter = () => (bytes) => bytes } = {}) {
    const wire = new Wire();
    let whole = true;
    const { server, sockets, port } = await listen((client, keep) => {
      if (!whole) return client.destroy();
      const upstream = keep(net.connect({ host: '127.0.0.1', port: to, noDelay: true }));
      const pass = filter();
      client.setNoDelay(true).pipe(upstream);
      upstream.on('data', (bytes) => { const left = pass(bytes); if (left.length) client.write(left); });
      client.on('close', () => upstream.destroy());
      upstream.on('close', () => client.destroy());
    });
    Object.assign(wire, {
      port,
      cut() { whole = false; for (const socket of sockets) socket.destroy(); },
      mend() { whole = true; },
    });
    t?.after(() => { server.close(); wire.cut(); });
    return wire;
  }
}

// Drops every other message that NATS delivers; `lost` counts them.
export function losing(tally) {
  return () => {
    let left = Buffer.alloc(0), number = 0;
    return (bytes) => {
      left = Buffer.concat([left, bytes]);
      const out = [];
      for (;;) {
        const end = left.indexOf('\r\n');
        if (end < 0) break;
        const line = left.toString('latin1', 0, end);
        const size = /^MSG .* (\d+)$/i.exec(line)?.[1];
        const whole = end + 2 + (size === undefined ? 0 : Number(size) + 2);
        if (left.length < whole) break;
        if (size !== undefined && number++ % 2 === 0) tally.lost++;
        else out.push(left.subarray(0, whole));
        left = left.subarray(whole);
      }
      return Buffer.concat(out);
    };
  };
}
