#include "delivery/story.h"

#include <algorithm>

#include "model/plan.h"
#include "store/outcomes.h"
#include "store/subscriptions.h"

namespace hg::delivery {

namespace {

using model::ChannelKind;
using model::Delivery;
using model::Notification;
using model::Outcome;

// With the feed, or by itself; and who changed it knew it.
bool fetched(const model::Subscription& s, const Notification& n, const model::Report& report) {
  const bool changed = n.maker == s.id && n.version > n.alert_version;
  return s.seen_version >= n.alert_version || report.fetched_by(s.id, n.alert_version) || changed;
}

// It was told over a live connection or not at all: nobody wrote anything down.
Line live_line(const model::Subscription& s, const Notification& n, const model::Report& report, Time now) {
  Line line{.delivery = {.subscription = s.id,
                         .carrier = ChannelKind::live,
                         .device_name = s.device_name,
                         .owed_at = n.alerted_at},
            .platform = s.counts_as};
  if (fetched(s, n, report)) {
    line.delivery.outcome = Outcome::acknowledged;
  } else if (const auto over = model::moot(n, n.alert_version, now)) {
    line.delivery.outcome = over->outcome;
    line.delivery.reason = over->reason;
  }
  return line;
}

}  // namespace

boost::asio::awaitable<std::vector<Line>> story(store::Database& database, FeedKey feed, Notification n, Time now) {
  co_return co_await database.read([&](store::Connection& tx) {
    std::vector<Line> lines;
    auto report = store::outcomes::find(tx, feed, n.id).value_or(model::Report{});
    // The alert is so young that nobody has looked at it yet.
    if (report.alert_version != n.alert_version) {
      report.alert_version = 0;
      report.deliveries.clear();
    }
    for (const auto& delivery : report.deliveries) {
      Line line{.delivery = delivery};
      if (const auto row = store::subscriptions::find(tx, feed, line.delivery.subscription)) {
        line.platform = row->subscription.counts_as;
        if (line.delivery.outcome == Outcome::accepted && fetched(row->subscription, n, report))
          line.delivery.outcome = Outcome::acknowledged;
      }
      lines.push_back(std::move(line));
    }
    for (const auto& row : store::subscriptions::active(tx, feed, now)) {
      const auto& s = row.subscription;
      if (s.since_version >= n.alert_version) continue;
      const bool there = std::ranges::any_of(lines, [&](const Line& l) { return l.delivery.subscription == s.id; });
      if (there) continue;
      if (s.channel.kind == ChannelKind::live) {
        lines.push_back(live_line(s, n, report, now));
      } else if (report.alert_version == 0) {
        lines.push_back({.delivery = {.subscription = s.id,
                                      .carrier = s.channel.kind,
                                      .device_name = s.device_name,
                                      .owed_at = n.alerted_at},
                         .platform = s.counts_as});
      }
    }
    return lines;
  });
}

}  // namespace hg::delivery
