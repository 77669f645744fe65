#include "delivery/tally.h"

namespace hg::delivery {

namespace {

using model::ChannelKind;
using model::Outcome;

std::size_t at(ChannelKind carrier) { return static_cast<std::size_t>(carrier); }
std::size_t at(Outcome outcome) { return static_cast<std::size_t>(outcome); }

constexpr std::array kCounted{ChannelKind::wns, ChannelKind::fcm, ChannelKind::apns, ChannelKind::webpush,
                              ChannelKind::email};

}  // namespace

void Tally::Changes::begin(ChannelKind carrier, Outcome outcome) {
  ++owed[at(carrier)];
  ++outcomes[at(carrier)][at(outcome)];
}

void Tally::Changes::move(ChannelKind carrier, Outcome from, Outcome to) {
  --outcomes[at(carrier)][at(from)];
  ++outcomes[at(carrier)][at(to)];
}

void Tally::count(const Changes& changes) {
  for (std::size_t carrier = 0; carrier < model::kCarriers; ++carrier) {
    Cells& cells = cells_[carrier];
    cells.owed += changes.owed[carrier];
    for (std::size_t i = 0; i < model::kOutcomes; ++i) cells.outcomes[i] += changes.outcomes[carrier][i];
  }
  for (const auto& [carrier, time] : changes.accepted) cells_[at(carrier)].accepted.observe(time);
  for (const auto& [carrier, time] : changes.cleared) cells_[at(carrier)].cleared.observe(time);
}

void Tally::nudged(ChannelKind carrier, push::Verdict::Outcome outcome) {
  cells_[at(carrier)].nudges[static_cast<std::size_t>(outcome)].add();
}

void Tally::measure(metrics::Page& page) const {
  for (const ChannelKind carrier : kCounted)
    page.counter("heliograph_deliveries_owed_total", "Notifications that came to be owed to an endpoint.",
                 static_cast<std::uint64_t>(cells_[at(carrier)].owed), {{"platform", name(carrier)}});
  for (const ChannelKind carrier : kCounted)
    for (std::size_t i = 0; i < model::kOutcomes; ++i)
      page.gauge("heliograph_deliveries", "What became of them; the outcomes of a platform add up to what was owed.",
                 static_cast<double>(cells_[at(carrier)].outcomes[i]),
                 {{"platform", name(carrier)}, {"outcome", name(static_cast<Outcome>(i))}});
  for (const ChannelKind carrier : kCounted)
    for (std::size_t i = 0; i < cells_[at(carrier)].nudges.size(); ++i)
      page.counter("heliograph_state_pushes_total", "Pushes that told of a change of state alone.",
                   cells_[at(carrier)].nudges[i].value(),
                   {{"platform", name(carrier)}, {"outcome", name(static_cast<push::Verdict::Outcome>(i))}});
  for (const ChannelKind carrier : kCounted)
    page.histogram("heliograph_delivery_seconds", "From owed to accepted by the platform.",
                   cells_[at(carrier)].accepted, {{"platform", name(carrier)}});
  for (const ChannelKind carrier : kCounted)
    page.histogram("heliograph_cleared_seconds", "From handled to told on the other devices.",
                   cells_[at(carrier)].cleared, {{"platform", name(carrier)}});
}

}  // namespace hg::delivery
