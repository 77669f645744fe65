// What became of bringing one notification to one endpoint: the delivery report's lines.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "model/subscription.h"

namespace hg::model {

// Stored as numbers: never renumber.
enum class Outcome : std::uint8_t {
  pending = 0,       // nothing was tried yet
  retrying = 1,      // tried in vain, or waiting behind one that was
  accepted = 2,      // by the push service or the mail relay
  acknowledged = 3,  // the endpoint fetched it
  failed = 4,        // refused for good, or given up
  expired = 5,       // before it could be sent
  superseded = 6,    // handled, recalled or replaced before it could be sent
  withdrawn = 7,     // taken back while the push service still had it
  not_targeted = 8,  // by the notification's policy or the endpoint's wish
};
inline constexpr std::size_t kOutcomes = 9, kCarriers = 6;  // Outcome's and ChannelKind's
std::string_view name(Outcome outcome);                     // "pending", …, "notTargeted"
inline bool open(Outcome outcome) { return outcome == Outcome::pending || outcome == Outcome::retrying; }

struct Delivery {
  SubscriptionId subscription = {};  // zero: the mail
  ChannelKind carrier = ChannelKind::live;
  std::string device_name = {};
  Outcome outcome = Outcome::pending;
  std::string reason = {};  // the platform's or ours, "" where the outcome says it all
  std::int64_t attempts = 0;
  Time owed_at{};                        // since when
  std::optional<Time> sent_at = {};      // when it was accepted
  std::optional<Time> changed_at = {};   // when the outcome last changed
  std::string platform_id = {};          // what the push service calls it
  std::string location = {};             // of a Web Push message, while it can be withdrawn
  std::optional<Time> fallback_at = {};  // when the endpoint was shown the fallback instead
  std::optional<Time> cleared_at = {};   // when the endpoint was told that it is handled

  bool operator==(const Delivery&) const = default;
};

// An endpoint that fetched the notification by itself, as it stood with the alert of this version. What was seen of a
// whole feed is the subscription's to know.
struct Fetched {
  SubscriptionId subscription;
  std::int64_t version = 0;

  bool operator==(const Fetched&) const = default;
};

// Of one notification's last alert.
struct Report {
  std::int64_t alert_version = 0;  // 0: nothing was owed yet
  std::vector<Delivery> deliveries;
  std::vector<Fetched> fetched = {};

  Delivery* find(const SubscriptionId& subscription, ChannelKind carrier);
  Delivery* find(const SubscriptionId& subscription);  // of an endpoint
  [[nodiscard]] bool fetched_by(const SubscriptionId& subscription, std::int64_t version) const;
};

// Compact, for one row.
std::string report_text(const Report& report);
Report parse_report(std::string_view text);

}  // namespace hg::model
