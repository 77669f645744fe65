// Bytes exactly as written, over plain TCP: for what no HTTP client would send. And what the operating system says of a process.
import net from 'node:net';
import { readFileSync } from 'node:fs';

// A connection that keeps all it heard. `closed` resolves with that text when the server ended it.
export class Raw {
  static open(base) {
    const { hostname, port } = new URL(base);
    const raw = new Raw();
    raw.heard = Buffer.alloc(0);
    raw.waiting = [];
    raw.ended = false;
    raw.socket = net.connect({ host: hostname, port: Number(port), noDelay: true });
    raw.connected = new Promise((resolve, reject) => { raw.socket.once('connect', () => resolve(raw)); raw.socket.once('error', reject); });
    raw.socket.on('error', () => {});
    raw.socket.on('data', (bytes) => { raw.heard = Buffer.concat([raw.heard, bytes]); raw.#settle(); });
    raw.closed = new Promise((resolve) => raw.socket.on('close', () => { raw.ended = true; resolve(raw.heard.toString('latin1')); raw.#settle(); }));
    return raw.connected;
  }

  #settle() {
    this.waiting = this.waiting.filter(({ test, resolve }) => {
      const found = test(this.heard);
      if (!found && !this.ended) return true;
      resolve(found || undefined);
      return false;
    });
  }

  say(bytes) { if (!this.ended) this.socket.write(bytes); return this; }
  // The first truthy `test(everything heard)`; undefined where the connection ended without.
  until(test) { return new Promise((resolve) => { this.waiting.push({ test, resolve }); this.#settle(); }); }
  // The status of the next answer; undefined where there was none.
  async status() { return Number((await this.until((heard) => heard.toString('latin1').match(/^HTTP\/1\.1 (\d{3}) /)))?.[1]) || undefined; }
  end() { this.socket.destroy(); return this.closed; }
}

export const request = (line, headers = {}, body = '') =>
  `${line} HTTP/1.1\r\nHost: localhost\r\n${Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`).join('')}\r\n${body}`;

const status = (pid) => readFileSync(`/proc/${pid}/status`, 'utf8');
// Resident memory in kB, and the CPU time it has used in ms.
export const residentKb = (pid) => Number(status(pid).match(/VmRSS:\s+(\d+)/)[1]);
export function cpuMs(pid) {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1].split(' ');
  return (Number(fields[11]) + Number(fields[12])) * 10;
}

// {p50, p99, worst} of numbers.
export function spread(numbers) {
  const sorted = [...numbers].sort((a, b) => a - b);
  const at = (share) => Number(sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))]?.toFixed(1));
  return { p50: at(0.5), p99: at(0.99), worst: at(1) };
}
