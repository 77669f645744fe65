// Reads and plays tests/transcripts/*.http: requests, and what must come back.
//
// A file is blocks that begin with `### what this shows`. A block is a request (`METHOD /path`, headers, an empty line, a body),
// then `<<< STATUS`, headers that must be there, an empty line, and a body. `{{name}}` is replaced by a variable. In an expected
// header or JSON text, `{{name:=}}` takes what is there and names it, `{{*}}` fits anything; a header expected as `!name` must be
// absent. An expected JSON object must have the same members, unless it ends with `"...": "..."`. `<<< body` of `{{*}}` is any body.
// Of a stream of events the first with data is read, where a body is expected; a request with `Upgrade` shows the handshake alone.
import assert from 'node:assert/strict';
import { request as rawRequest } from 'node:http';

export function parseTranscript(text) {
  return text.split(/^### /m).slice(1).map((block) => {
    const [title, ...rest] = block.split('\n');
    const lines = rest.filter((line) => !line.startsWith('#'));
    const at = lines.findIndex((line) => line.startsWith('<<< '));
    if (at < 0) throw new Error(`transcript block without <<<: ${title}`);
    return { title: title.trim(), request: message(lines.slice(0, at)), status: Number(lines[at].slice(4).trim()), answer: message(['', ...lines.slice(at + 1)]) };
  });
}

function message(lines) {
  const start = lines.findIndex((line) => line.trim() !== '' || line === lines[0]);
  const first = lines[start] ?? '';
  const rest = lines.slice(start + 1);
  const blank = rest.findIndex((line) => line.trim() === '');
  const head = blank < 0 ? rest : rest.slice(0, blank);
  const headers = head.filter((line) => line.trim()).map((line) => { const colon = line.indexOf(':'); return colon < 0 ? [line.trim(), ''] : [line.slice(0, colon).trim(), line.slice(colon + 1).trim()]; });
  return { first: first.trim(), headers, body: blank < 0 ? '' : rest.slice(blank + 1).join('\n').trim() };
}

function fill(text, variables) {
  return text.replace(/\{\{([A-Za-z][\w.]*)\}\}/g, (whole, name) => {
    const value = name.split('.').reduce((object, key) => object?.[key], variables);
    if (value === undefined) throw new Error(`unknown variable ${whole}`);
    return String(value);
  });
}

function fit(expected, actual, variables, where) {
  const text = fill(expected, variables);
  const names = [];
  const pattern = text.split(/(\{\{\*\}\}|\{\{\w+:=\}\})/).map((part) => {
    if (part === '{{*}}') return '[\\s\\S]*';
    const capture = part.match(/^\{\{(\w+):=\}\}$/);
    if (capture) { names.push(capture[1]); return '([\\s\\S]+)'; }
    return part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
  }).join('');
  const found = String(actual).match(new RegExp(`^${pattern}$`));
  assert.ok(found, `${where}: expected ${JSON.stringify(text)}, saw ${JSON.stringify(actual)}`);
  names.forEach((name, i) => (variables[name] = found[i + 1]));
}

function compare(expected, actual, variables, where) {
  if (typeof expected === 'string') {
    if (expected === '{{*}}') return;
    const capture = expected.match(/^\{\{(\w+):=\}\}$/);
    if (capture) { assert.notEqual(actual, undefined, `${where}: absent`); variables[capture[1]] = actual; return; }
    return fit(expected, actual, variables, where);
  }
  if (Array.isArray(expected)) {
    assert.ok(Array.isArray(actual), `${where}: expected a list, saw ${JSON.stringify(actual)}`);
    assert.equal(actual.length, expected.length, `${where}: ${JSON.stringify(actual)}`);
    expected.forEach((item, i) => compare(item, actual[i], variables, `${where}/${i}`));
    return;
  }
  if (expected && typeof expected === 'object') {
    assert.ok(actual && typeof actual === 'object', `${where}: expected an object, saw ${JSON.stringify(actual)}`);
    const open = '...' in expected;
    for (const [key, value] of Object.entries(expected)) {
      if (key === '...') continue;
      assert.ok(key in actual, `${where}/${key}: absent in ${JSON.stringify(actual)}`);
      compare(value, actual[key], variables, `${where}/${key}`);
    }
    if (!open) assert.deepEqual(Object.keys(actual).filter((key) => !(key in expected)), [], `${where}: unexpected members`);
    return;
  }
  assert.equal(actual, expected, where);
}

// Without a body, by a client that lets one say Host and Upgrade; fetch does not.
function bodiless(url, method, headers) {
  return new Promise((resolve, reject) => {
    const asked = rawRequest(url, { method, headers: Object.fromEntries(headers) });
    const answered = ({ statusCode, headers: fields }, text) => resolve({ status: statusCode, headers: new Headers(Object.entries(fields).filter(([, value]) => typeof value === 'string')), raw: text });
    asked.on('upgrade', (response, socket) => { socket.destroy(); answered(response, undefined); });
    asked.on('response', async (response) => { let text = ''; for await (const chunk of response.setEncoding('utf8')) text += chunk; answered(response, text); });
    asked.on('error', reject);
    asked.end();
  });
}

async function exchange(url, method, headers, body, expectsBody) {
  if (headers.some(([name]) => /^(upgrade|host)$/i.test(name))) return bodiless(url, method, headers);
  const answer = await fetch(url, { method, headers, body: body || undefined, redirect: 'manual' });
  if (!answer.headers.get('content-type')?.startsWith('text/event-stream')) return { status: answer.status, headers: answer.headers, raw: await answer.text() };
  const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
  let text = '', event;
  while (expectsBody && !event) {
    const { value, done } = await reader.read();
    text += value ?? '';
    event = text.split('\n\n').slice(0, -1).find((one) => /^data:/m.test(one));
    if (done) break;
  }
  await reader.cancel();
  return { status: answer.status, headers: answer.headers, raw: event ?? '' };
}

// Plays one block; answers what went over the wire.
export async function play(block, base, variables) {
  const [method, target] = block.request.first.split(/\s+/);
  const body = fill(block.request.body, variables);
  const headers = block.request.headers.map(([name, value]) => [name, fill(value, variables)]);
  const filled = fill(target, variables);
  const answer = await exchange(base + filled, method, headers, body, block.answer.body !== '');
  const raw = answer.raw ?? '';
  assert.equal(answer.status, block.status, `status; the answer was ${raw}`);
  for (const [name, value] of block.answer.headers) {
    if (name.startsWith('!')) assert.equal(answer.headers.get(name.slice(1)), null, `header ${name.slice(1)} must be absent`);
    else { assert.notEqual(answer.headers.get(name), null, `header ${name} is absent`); fit(value, answer.headers.get(name), variables, `header ${name}`); }
  }
  checkBody(block.answer.body, raw, variables);
  return { method, target: filled, headers, body, status: answer.status, answer };
}

function checkBody(expected, raw, variables) {
  if (expected === '{{*}}') return;
  if (expected === '') return assert.equal(raw, '', 'body');
  if (/^[[{]/.test(expected) && !expected.startsWith('{{')) compare(JSON.parse(expected), JSON.parse(raw), variables, '');
  else fit(expected, raw, variables, 'body');
}
