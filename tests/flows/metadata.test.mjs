// GET /beta/$metadata: well-formed CSDL whose types are those of what the Graph API answers.
import test from 'node:test';
import assert from 'node:assert/strict';
import { DOMParser, onErrorStopParsing } from '@xmldom/xmldom';
import { demoServer } from '../harness/server.mjs';
import { call, notification, userToken } from '../harness/actors.mjs';

const EDM = 'http://docs.oasis-open.org/odata/ns/edm';
const all = (node, tag) => [...node.getElementsByTagNameNS(EDM, tag)];
const named = (node, tag, name) => all(node, tag).find((one) => one.getAttribute('Name') === name);
const properties = (type) => all(type, 'Property').map((one) => one.getAttribute('Name'));

test('$metadata is well-formed and names the types of what is answered', async (t) => {
  const { server, demo, data } = await demoServer(t);
  const answer = await call(server.base, 'GET', '/beta/$metadata');
  assert.match(answer.headers.get('content-type'), /^application\/xml/);

  const schema = new DOMParser({ onError: onErrorStopParsing }).parseFromString(answer.raw, 'application/xml');

  const types = ['EntityType', 'ComplexType', 'EnumType'].flatMap((tag) => all(schema, tag)).map((one) => one.getAttribute('Name'));
  for (const name of ['notification', 'targetPolicyEndpoints', 'payloadTypes', 'visualProperties', 'fallbackPolicy', 'fallbackPolicyProperties']) assert.ok(types.includes(name), name);
  for (const attribute of ['Type', 'BaseType', 'EntityType'])
    for (const node of [...schema.getElementsByTagName('*')].filter((one) => one.hasAttribute(attribute))) {
      const type = node.getAttribute(attribute).replace(/^Collection\((.*)\)$/, '$1');
      assert.ok(type.startsWith('Edm.') || types.includes(type.replace(/^graph\./, '')), `${type} is defined nowhere`);
    }

  const token = userToken(data, demo, demo.users[0]);
  const policies = { targetPolicy: { platformTypes: ['iOS'] }, deliveryPolicy: { mode: 'firstActive' }, fallbackPolicy: { endpointFallback: { platformTypes: ['iOS'], fallbackDelayInSeconds: 60, visualContent: { title: 'x' } } } };
  const posted = await call(server.base, 'POST', '/beta/me/notifications', { token, body: notification(demo, policies) });
  assert.equal(posted.status, 201, posted.raw);
  const members = (object) => Object.keys(object).filter((name) => !name.startsWith('@'));
  assert.deepEqual(members(posted.json).sort(), ['id', ...properties(named(schema, 'EntityType', 'notification'))].sort());
  const me = await call(server.base, 'GET', '/beta/me', { token });
  assert.deepEqual(members(me.json).sort(), ['id', ...properties(named(schema, 'EntityType', 'user'))].sort());
});
