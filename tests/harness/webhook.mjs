// An app server that is told of ended subscriptions: agrees when it is asked, verifies each call with the library of standardwebhooks.com,
// keeps what it took, and misbehaves on request.
import { createServer } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import { Webhook } from 'standardwebhooks';

export class Receiver {
  // Ends with the test. `tls`: {key, cert}.
  static async start(t, { tls, port = 0, agrees = (token) => token } = {}) {
    const receiver = new Receiver();
    Object.assign(receiver, { agrees, secrets: [], calls: [], taken: [], unverified: [], challenges: 0, answers: [] });
    const handle = (request, response) => receiver.#handle(request, response);
    receiver.server = tls ? createSecureServer(tls, handle) : createServer(handle);
    await new Promise((resolve) => receiver.server.listen(port, '127.0.0.1', resolve));
    receiver.port = receiver.server.address().port;
    receiver.url = `${tls ? 'https://localhost' : 'http://127.0.0.1'}:${receiver.port}/ended`;
    t.after(() => receiver.stop());
    return receiver;
  }

  stop() {
    this.server.closeAllConnections();
    return new Promise((resolve) => this.server.close(resolve));
  }

  // The next calls get these: a status, {status, headers}, or 'hang'; then all are taken.
  next(...answers) { this.answers.push(...answers); }

  async #handle(request, response) {
    let body = '';
    for await (const piece of request.setEncoding('utf8')) body += piece;
    const token = new URL(request.url, 'http://receiver').searchParams.get('validationToken');
    if (token !== null) {
      this.challenges++;
      const agreed = this.agrees(token);
      if (agreed === undefined) return response.writeHead(404).end();
      if (agreed !== 'hang') response.writeHead(200, { 'content-type': 'text/plain' }).end(agreed);
      return;
    }
    this.calls.push({ id: request.headers['webhook-id'], headers: request.headers, body });
    const answer = this.answers.length > 0 ? this.answers.shift() : 204;
    if (answer === 'hang') return;
    const status = answer.status ?? answer;
    if (status < 300) this.#take(request.headers, body);
    response.writeHead(status, answer.headers).end();
  }

  // By whichever secret fits: while one is replaced there are two.
  #take(headers, body) {
    for (const secret of this.secrets) {
      try {
        return void this.taken.push({ id: headers['webhook-id'], ...new Webhook(secret).verify(body, headers) });
      } catch { /* the next one */ }
    }
    this.unverified.push({ headers, body });
  }

  // The ended subscriptions it took, each as often as it was told of it.
  get ended() { return this.taken.filter((one) => one.type === 'subscriptions.ended').flatMap((one) => one.data.value); }
}
