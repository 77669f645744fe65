#include "delivery/reports.h"

namespace hg::delivery {

using model::Delivery;
using model::Outcome;

Reports::Open& Reports::open(const NotificationId& id) {
  const auto [found, fresh] = open_.try_emplace(id);
  if (fresh) found->second.report = store::outcomes::find(tx_, feed_, id).value_or(model::Report{});
  return found->second;
}

Delivery* Reports::line(const NotificationId& id, std::int64_t version, const SubscriptionId& subscription,
                        model::ChannelKind carrier, std::string_view device_name, Time owed_at) {
  Open& opened = open(id);
  auto& report = opened.report;
  if (report.alert_version > version) return nullptr;
  opened.dirty = true;
  if (report.alert_version < version) {
    // A new alert begins a new report.
    for (Delivery& old : report.deliveries)
      if (model::open(old.outcome)) move(old, Outcome::superseded, "replaced");
    report.alert_version = version;
    report.deliveries.clear();
    std::erase_if(report.fetched, [&](const model::Fetched& one) { return one.version < version; });
  }
  if (Delivery* there = report.find(subscription, carrier)) return there;
  report.deliveries.push_back({.subscription = subscription,
                               .carrier = carrier,
                               .device_name = std::string(device_name),
                               .owed_at = owed_at,
                               .changed_at = now_});
  changes_.begin(carrier, Outcome::pending);
  return &report.deliveries.back();
}

Delivery* Reports::find(const NotificationId& id, const SubscriptionId& subscription) {
  return open(id).report.find(subscription);
}

void Reports::move(Delivery& line, Outcome outcome, std::string_view reason) {
  line.reason = reason;
  if (line.outcome == outcome) return;
  if (line.changed_at.value_or(line.owed_at) < counted_since_) {
    changes_.begin(line.carrier, outcome);
  } else {
    changes_.move(line.carrier, line.outcome, outcome);
  }
  line.outcome = outcome;
  line.changed_at = now_;
}

void Reports::write() {
  for (const auto& [id, opened] : open_)
    if (opened.dirty) store::outcomes::put(tx_, feed_, id, opened.report);
}

}  // namespace hg::delivery
