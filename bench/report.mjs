// From figures to tables, plots and verdicts: docs/performance.md between its markers, and build/bench/report.html.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { barChart } from './plot.mjs';

const columns = {
  perSecond: { says: 'a second', digits: 0 },
  cpuUs: { says: 'CPU µs an operation', digits: 1 },
  storeCpuUs: { says: 'CPU µs of the database', digits: 1 },
  group: { says: 'posts a commit', digits: 1 },
  p50Ms: { says: 'p50 ms', digits: 2 },
  p99Ms: { says: 'p99 ms', digits: 2 },
  pssBytes: { says: 'bytes a connection (PSS)', digits: 0 },
  pssBytesAfterTraffic: { says: 'after traffic', digits: 0 },
  rssBytes: { says: 'RSS', digits: 0 },
  readyMs: { says: 'ms to ready', digits: 0 },
};
// What each scenario is drawn by, and what its operation is.
const shown = {
  post: { title: 'A durable post', operation: (size) => `a post; ${size.users.toLocaleString('en')} users with ${size.stored} notifications each`, columns: ['perSecond', 'cpuUs', 'p50Ms', 'p99Ms'], plot: ['cpuUs', 'CPU µs a post'] },
  pg: { title: 'A durable post on PostgreSQL', operation: (size) => `a post; ${size.users.toLocaleString('en')} users with ${size.stored} notifications each. pgbench appends one a transaction and nothing around it; its latency is the mean`, columns: ['perSecond', 'cpuUs', 'storeCpuUs', 'group', 'p50Ms', 'p99Ms'], plot: ['storeCpuUs', 'CPU µs of the database'] },
  live: { title: 'A state change reaches three live connections', operation: (size) => `a delivered message; ${size.live.toLocaleString('en')} users with three connections each, 500 changes a second`, columns: ['cpuUs', 'p50Ms', 'p99Ms'], plot: ['p99Ms', 'p99 ms'] },
  fanout: { title: 'One user with very many live connections', operation: (size) => `a delivered message; ${size.fan.toLocaleString('en')} connections, 20 changes a second`, columns: ['cpuUs', 'p50Ms', 'p99Ms'], plot: ['cpuUs', 'CPU µs a message'] },
  idle: { title: 'Idle live connections', operation: (size) => `a connection, of ${size.idle.toLocaleString('en')}`, columns: ['pssBytes', 'pssBytesAfterTraffic', 'rssBytes'], plot: ['pssBytes', 'bytes'] },
  delta: { title: 'What changed: five changes', operation: () => 'a call', columns: ['perSecond', 'cpuUs', 'p50Ms', 'p99Ms'], plot: ['cpuUs', 'CPU µs a call'] },
  deliver: { title: 'Three pushes for a notification', operation: (size) => `a push; ${size.pushes.toLocaleString('en')} notifications a round to ${size.pushed} users with three endpoints each, what a post costs without endpoints taken off`, columns: ['perSecond', 'cpuUs'], plot: ['cpuUs', 'CPU µs a push'] },
  tokens: { title: 'Access tokens', operation: () => 'a token that is verified, seen before or for the first time, or made; beside OpenSSL alone, which verifies and signs the same bytes', columns: ['cpuUs'], plot: ['cpuUs', 'CPU µs a token'] },
  start: { title: 'Start', operation: (size) => `a start with ${size.start.toLocaleString('en')} stored notifications`, columns: ['readyMs'], plot: ['readyMs', 'ms'] },
};

const value = (figures, name, key) => figures?.[name]?.[key]?.median;
const format = (number, digits) => number.toLocaleString('en', { minimumFractionDigits: digits, maximumFractionDigits: digits });

function table(figures, keys) {
  const used = keys.filter((key) => Object.values(figures).some((one) => one[key]));
  const rows = Object.entries(figures).map(([name, one]) => [name, ...used.map((key) => {
    const cell = one[key];
    if (!cell) return '';
    const { digits } = columns[key];
    return `${format(cell.median, digits)} (${format(cell.least, digits)}..${format(cell.most, digits)})`;
  })]);
  return [['', ...used.map((key) => columns[key].says)], ['---', ...used.map(() => '---')], ...rows].map((row) => `| ${row.join(' | ')} |`).join('\n');
}

// Each aim: what it says, where it stands, and whether that is within it.
function aims(results) {
  const of = (scenario) => results.scenarios[scenario]?.figures;
  const all = [];
  const aim = (says, is, bound, digits = 2, unit = '') => {
    if (Number.isFinite(is) && Number.isFinite(bound)) all.push({ says, is: `${format(is, digits)}${unit}`, bound: `${format(bound, digits)}${unit}`, met: is <= bound });
  };
  const pg = of('pg');
  const single = Math.max(...[16, 24, 32].map((clients) => value(pg, `pgbench, ${clients} clients`, 'perSecond')));
  const [post, live, fan, idle, delta, deliver, start] = ['post', 'live', 'fanout', 'idle', 'delta', 'deliver', 'start'].map(of);
  aim('post: CPU over that of the bare commit, 64 connections', value(post, 'Heliograph, 64 connections', 'cpuUs') / value(post, 'bare commit, 64 in flight', 'cpuUs'), 1.6);
  aim('post: ms of wall time for a thousand posts at 32 connections', 1e6 / value(post, 'Heliograph, 32 connections', 'perSecond'), 100, 0);
  // Ours over pgbench's is to be at least 2.5.
  aim("pg: pgbench's best single appends a second over posts at 64 connections", single / value(pg, 'Heliograph, 64 connections', 'perSecond'), 0.4);
  aim("pg: pgbench's best single appends a second over posts without HTTP", single / value(pg, 'Heliograph without HTTP, 256 in flight', 'perSecond'), 0.4);
  for (const kind of ['WebSocket', 'SSE']) {
    aim(`live, ${kind}: p99 over 2 × (bare commit + Nchan's hop)`, value(live, `Heliograph, ${kind}`, 'p99Ms'),
      2 * (value(post, 'bare commit, 64 in flight', 'p99Ms') + value(live, `Nchan, ${kind}`, 'p99Ms')), 2, ' ms');
    aim(`fanout, ${kind}: CPU a message over twice the bare broadcaster's`, value(fan, `Heliograph, ${kind}`, 'cpuUs'), 2 * value(fan, 'bare broadcaster, SSE', 'cpuUs'), 1, ' µs');
    aim(`fanout, ${kind}: CPU a message over Nchan's`, value(fan, `Heliograph, ${kind}`, 'cpuUs'), value(fan, `Nchan, ${kind}`, 'cpuUs'), 1, ' µs');
  }
  aim('idle: a WebSocket', value(idle, 'Heliograph, WebSocket', 'pssBytes'), 6144, 0, ' B');
  aim('idle: an SSE connection', value(idle, 'Heliograph, SSE', 'pssBytes'), 3072, 0, ' B');
  aim('idle: a WebSocket over TLS', value(idle, 'Heliograph, WebSocket over TLS', 'pssBytes'), 20480, 0, ' B');
  aim('idle: an SSE connection over TLS', value(idle, 'Heliograph, SSE over TLS', 'pssBytes'), 20480, 0, ' B');
  aim('delta: CPU of five changes, warm', value(delta, 'Heliograph, 5 changes', 'cpuUs'), 60, 1, ' µs');
  for (const platform of ['APNs', 'FCM'])
    aim(`deliver, ${platform}: CPU a push over that of a bare libcurl loop`, value(deliver, `Heliograph, ${platform}`, 'cpuUs') / value(deliver, `bare libcurl, ${platform}`, 'cpuUs'), 1.5);
  // Node's over ours is to be at least 5.
  aim("deliver, Web Push: CPU a push over that of Node's web-push", value(deliver, 'Heliograph, Web Push', 'cpuUs') / value(deliver, 'Node web-push', 'cpuUs'), 0.2);
  aim('start: ready, warm', value(start, 'Heliograph, warm', 'readyMs'), 1000, 0, ' ms');
  return all;
}

function plots(results) {
  return Object.entries(shown).filter(([name]) => results.scenarios[name]).map(([name, { title, plot: [key, unit] }]) => {
    const bars = Object.entries(results.scenarios[name].figures).filter(([, one]) => one[key])
      .map(([part, one]) => ({ name: part, ...one[key], ours: part.startsWith('Heliograph') }));
    return { name, svg: barChart({ title, unit, bars }) };
  });
}

function markdown(results, picture) {
  const list = aims(results);
  const parts = ['| aim | is | bound | |', '| --- | --- | --- | --- |',
    ...list.map((one) => `| ${one.says} | ${one.is} | ${one.bound} | ${one.met ? 'met' : 'not met'} |`), ''];
  for (const [name, { title, operation, columns: keys }] of Object.entries(shown)) {
    const scenario = results.scenarios[name];
    if (!scenario) continue;
    const { machine, size } = scenario;
    parts.push(`## ${title}`, '', `An operation is ${operation(size)}. ${size.rounds} rounds of ${size.seconds} s; ${machine.cpu}, ${machine.cores} cores, Linux ${machine.kernel}, load before it began ${machine.load.toFixed(1)}.`,
      '', table(scenario.figures, keys), '', picture(name, title), '');
  }
  return parts.join('\n');
}

function html(results, pictures) {
  const rows = (text) => text.split('\n').filter((line) => line.startsWith('|') && !line.startsWith('| ---'))
    .map((line, i) => `<tr>${line.slice(2, -2).split(' | ').map((cell) => `<t${i ? 'd' : 'h'}>${cell}</t${i ? 'd' : 'h'}>`).join('')}</tr>`).join('\n');
  const sections = markdown(results, (name) => `@${name}`).split('\n\n').map((block) => {
    if (block.startsWith('|')) return `<table>${rows(block)}</table>`;
    if (block.startsWith('## ')) return `<h2>${block.slice(3)}</h2>`;
    if (block.startsWith('@')) return pictures.find((one) => one.name === block.trim().slice(1))?.svg ?? '';
    return `<p>${block}</p>`;
  });
  return `<!doctype html><meta charset="utf-8"><title>Heliograph: performance</title><style>body{font:15px system-ui;max-width:60em;margin:2em auto}` +
    `table{border-collapse:collapse}td,th{border:1px solid #ccc;padding:4px 8px;text-align:left}</style><h1>Performance</h1>${sections.join('\n')}`;
}

const begin = '<!-- figures -->', end = '<!-- end of figures -->';

export function writeReport(results, { root, out, quick }) {
  const pictures = plots(results);
  writeFileSync(path.join(out, 'report.html'), html(results, pictures));
  const text = markdown(results, (name, title) => `![${title}](performance/${name}.svg)`);
  if (quick) return writeFileSync(path.join(out, 'report.md'), text);
  const page = path.join(root, 'docs/performance.md');
  if (!existsSync(page)) throw new Error(`${page} is gone; it holds the words around the figures`);
  const words = readFileSync(page, 'utf8');
  writeFileSync(page, `${words.slice(0, words.indexOf(begin) + begin.length)}\n${text}\n${words.slice(words.indexOf(end))}`);
  mkdirSync(path.join(root, 'docs/performance'), { recursive: true });
  for (const { name, svg } of pictures) writeFileSync(path.join(root, 'docs/performance', `${name}.svg`), svg);
}
