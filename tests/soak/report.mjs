// The result as a page.
const mib = (bytes) => `${(bytes / 2 ** 20).toFixed(1)} MiB`;
const percent = (part, whole) => `${((100 * part) / whole).toFixed(2)} %`;

export function markdown({ wish, crowd, came, watch, verdict }) {
  const growth = watch.growth(), loaded = watch.samples.slice(0, watch.loaded);
  const most = (key) => Math.max(...loaded.map((one) => one[key]));
  const pushes = Object.values(came.outcomes).reduce((all, one) => all + one, 0);
  const settling = watch.samples.at(-1).seconds - loaded.at(-1).seconds;
  const facts = [
    ['load', `${wish.seconds} s, ${crowd.users.length} users with four devices and mail each, ${wish.rate} posts a second`],
    ['posts', `${crowd.posts.length} answered 201, ${crowd.counts.refused} refused, ${crowd.counts.unanswered} without an answer; ${crowd.counts.dismissed} dismissed`],
    ['subscriptions', `${crowd.counts.ended} ended by the platforms and made again, ${crowd.counts.renewed} moved to another channel`],
    ['requests at the platforms', `${pushes}: ${['accepted', 'disturbed', 'refused'].map((name) => `${came.outcomes[name] ?? 0} ${name}`).join(', ')}`],
    ['alerts that came', `${verdict.alerts}, ${verdict.twice} of them again (${percent(verdict.twice, verdict.alerts)})`],
    ['deliveries that ended otherwise', `${verdict.dead}, each with its outcome; ${verdict.unplanned} were owed to a device whose channel ended before`],
    ['after the load', `all decided ${settling.toFixed(0)} s later`],
    ['memory (RSS)', `${mib(growth.first)} first, ${mib(growth.from)} after a third, ${mib(growth.to)} last; ${mib(growth.most)} at the most, ${mib(growth.settled)} when all was settled; a line through the last two thirds grows by ${mib(growth.anHour)} an hour`],
    ['of that the store\'s caches', `${mib(loaded[0].store)} first, ${mib(loaded[Math.floor(loaded.length / 3)].store)} after a third, ${mib(loaded.at(-1).store)} last`],
    ['descriptors', `${loaded[0].descriptors} first, ${most('descriptors')} at the most, ${watch.samples.at(-1).descriptors} last`],
    ['undecided', `${most('open')} at the most; ${most('due')} jobs due at the most`],
  ];
  const outcomes = [...verdict.lines].sort(([, a], [, b]) => b - a);
  return ['| | |', '| --- | --- |', ...facts.map((row) => `| ${row.join(' | ')} |`), '', '| outcome | deliveries |', '| --- | --- |',
    ...outcomes.map((row) => `| ${row.join(' | ')} |`), ''].join('\n');
}
