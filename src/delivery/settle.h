// What came of a round's sends, written down: outcomes, what is owed still, endpoints that have ended. One transaction,
// which changes nothing where the lease was lost.
#pragma once

#include <map>
#include <optional>
#include <vector>

#include "bus/bus.h"
#include "delivery/sight.h"
#include "delivery/tally.h"
#include "push/sender.h"

namespace hg::delivery {

// One call of a Sender, or what kept it from being made.
struct Sent {
  model::Send send;
  model::ChannelKind carrier = model::ChannelKind::live;
  std::optional<push::Verdict> verdict;  // nullopt: not tried
  std::optional<model::Moot> moot;       // not tried: it was over
  bool faulted = false;                  // not tried, or not to its end: ours
  std::string channel_hash = {};         // of what it was sent to
  std::string resealed = {};             // the channel with what the platform let be known of it; "": nothing new
  Time at{};
  Guid credential = {};
};

// What a round has to write.
struct Settlement {
  struct Endpoint {
    model::ChannelKind carrier = model::ChannelKind::live;
    std::string device_name;
    bool budgeted = false;
  };
  struct Handled {
    NotificationId id;
    Time at{};
  };

  store::Lease lease;
  std::vector<store::OutboxRow> rows;  // planned
  std::vector<store::Job> spent, jobs;
  std::vector<model::Fate> fates;
  std::map<SubscriptionId, Endpoint> endpoints;
  std::map<NotificationId, Time> alerted;                // when they asked for attention
  std::map<std::int64_t, std::vector<Handled>> handled;  // what a send that begins there tells to be handled
  std::vector<Sent> sent;                                // in order for each endpoint
  std::vector<Withdrawal> withdrawn = {};
  // On their way, or behind such: due again then, should this process end.
  std::vector<model::Send> outstanding = {};
  Time outstanding_until{};
  std::int64_t directory = 0;  // its version, as the look saw it
  Time counted_since{};        // as Reports has it
  // A result that came when the lease was given back: it counts while its job is still the one that was left.
  bool late = false;
};

struct Settled {
  // Credentials that the platform did not take for the first time, or takes again.
  struct Turn {
    Guid credential = {};
    model::ChannelKind platform = model::ChannelKind::live;
    std::string reason = {};  // "": taken again
  };

  bool lost = false;  // the lease was another's by then: nothing was written
  std::vector<Turn> turns = {};
  Tally::Changes changes;
  std::vector<bus::Message> messages;
  std::optional<Time> due;  // the earliest of what was put
};

// `random`: in [0, 1), for the jitter of retries.
Settled settle(store::Connection& tx, const Settlement& settlement, Time now, double random);

// Planning faulted: the rows become jobs that are tried again later, a few times; what was due, too. What is given up
// has failed wherever it was owed.
Settled put_off(store::Connection& tx, const store::Lease& lease, Time now, double random, Time counted_since);

inline constexpr Duration kCredentialsPause = std::chrono::minutes(5);

}  // namespace hg::delivery
