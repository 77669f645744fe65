// What became of all deliveries, counted by platform and outcome: whatever came to be owed is in exactly one of the
// outcomes, so that they add up; what came to be owed to an earlier process, once this one changes it. Live-only
// endpoints are not counted: theirs are derived when asked for.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>

#include "base/metrics.h"
#include "model/delivery.h"
#include "push/sender.h"

namespace hg::delivery {

class Tally {
 public:
  // Changes of one transaction: counted when it is there to stay.
  struct Changes {
    std::array<std::int64_t, model::kCarriers> owed{};
    std::array<std::array<std::int64_t, model::kOutcomes>, model::kCarriers> outcomes{};
    std::vector<std::pair<model::ChannelKind, Duration>> accepted;  // after how long
    std::vector<std::pair<model::ChannelKind, Duration>> cleared;   // after it was handled

    void begin(model::ChannelKind carrier, model::Outcome outcome);
    void move(model::ChannelKind carrier, model::Outcome from, model::Outcome to);
  };

  void count(const Changes& changes);
  // What a state change's push came to.
  void nudged(model::ChannelKind carrier, push::Verdict::Outcome outcome);
  void measure(metrics::Page& page) const;

 private:
  struct Cells {
    std::atomic<std::int64_t> owed = 0;
    std::array<std::atomic<std::int64_t>, model::kOutcomes> outcomes{};
    std::array<metrics::Counter, 5> nudges;  // by Verdict::Outcome
    metrics::Histogram accepted{metrics::kSeconds}, cleared{metrics::kSeconds};
  };
  std::array<Cells, model::kCarriers> cells_;
};

}  // namespace hg::delivery
