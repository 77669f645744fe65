// What must be so once nothing is owed any more.
import { call } from '../harness/actors.mjs';
import { rows } from './watch.mjs';
import { topicOf } from './platforms.mjs';

const decided = ['accepted', 'acknowledged', 'failed', 'expired', 'superseded', 'withdrawn', 'notTargeted'];
const arrived = ['accepted', 'acknowledged', 'withdrawn'];
// A report may say "pending" where nothing but a live connection would tell: that is the anchor's.
const pushed = (line) => line.channel !== 'live';

// Of memory: what a line through its last two thirds may have grown by.
const mostGrowth = (rss) => Math.max(8 * 2 ** 20, rss / 10);

export async function judge(at, crowd, came, watch) {
  const problems = [], lines = new Map(), verdict = { problems, lines, twice: 0, alerts: 0, unplanned: 0, dead: 0 };
  const deviceOf = new Map();
  for (const user of crowd.users) for (const its of user.devices) for (const time of its.times) deviceOf.set(time.subscription, its);

  let next = 0;
  await Promise.all(Array.from({ length: 8 }, async () => { while (next < crowd.posts.length) await judgePost(crowd.posts[next++]); }));

  async function judgePost(post) {
    const answer = await crowd.insist(async () => call(at.base, 'GET', `/beta/me/notifications/${post.id}/deliveries`, { token: await crowd.appToken(), unsid: post.user.anchor.unsid }));
    if (answer.status !== 200) return problems.push(`${post.id}: no report: ${answer.status} ${answer.raw}`);
    const report = answer.json.value.filter(pushed);
    const seen = (its) => came.count(its.platform, its.endpoints, its.platform === 'webPush' ? topicOf(post.id) : `soak ${post.number}`);
    for (const line of report) {
      const key = `${line.state}${line.reason ? `: ${line.reason}` : ''}`;
      lines.set(key, (lines.get(key) ?? 0) + 1);
      if (!decided.includes(line.state)) problems.push(`${post.id} at ${line.deviceName}: still ${line.state}`);
      const mail = line.channel === 'email', its = deviceOf.get(line.subscriptionId);
      if (!mail && !its) { problems.push(`${post.id}: a line of an unknown subscription ${line.subscriptionId}`); continue; }
      const times = mail ? came.count('email', [post.user.name], `soak ${post.number}`) : seen(its);
      if (arrived.includes(line.state) && times === 0) problems.push(`${post.id} at ${line.deviceName}: ${line.state}, and never came`);
      if (!arrived.includes(line.state)) verdict.dead += 1;
      if (times > 0) verdict.alerts += 1;
      if (times > 1) verdict.twice += times - 1;
    }
    // Whoever was subscribed before it was sent and for a while after is owed it.
    for (const its of post.user.devices) {
      const owed = its.times.find((time) => time.ready < post.sent && !(time.to < post.answered + 5000));
      if (!owed || report.some((line) => deviceOf.get(line.subscriptionId) === its)) continue;
      if (its.times.some((time) => time.to)) verdict.unplanned += 1;
      else problems.push(`${post.id}: nothing is said of ${its.name}`);
    }
  }

  for (const platform of ['wns', 'fcm', 'apns', 'webpush', 'email']) {
    const [owed] = rows(watch.metrics, 'heliograph_deliveries_owed_total').filter(({ labels }) => labels.platform === platform);
    const outcomes = rows(watch.metrics, 'heliograph_deliveries').filter(({ labels }) => labels.platform === platform);
    const all = outcomes.reduce((sum, { value }) => sum + value, 0);
    if (owed.value !== all) problems.push(`${platform}: ${owed.value} came to be owed, the outcomes are ${all}`);
    for (const { labels, value } of outcomes) if (value < 0) problems.push(`${platform}: ${value} ${labels.outcome}`);
  }
  const [accepted] = rows(watch.metrics, 'heliograph_notifications_accepted_total');
  if (accepted.value < crowd.posts.length) problems.push(`${crowd.posts.length} posts were answered, ${accepted.value} counted`);
  if (crowd.counts.refused > 0) problems.push(`${crowd.counts.refused} posts were refused: ${crowd.refusal}`);
  problems.push(...crowd.broken);
  const growth = watch.growth();
  if (growth.grown > mostGrowth(growth.from)) problems.push(`memory has grown by ${(growth.grown / 2 ** 20).toFixed(1)} MiB over the last two thirds`);
  return verdict;
}
