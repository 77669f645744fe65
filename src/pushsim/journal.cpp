#include "pushsim/journal.h"

#include <array>
#include <utility>

#include "base/log.h"

namespace hg::pushsim {

namespace {

constexpr std::array<std::string_view, 5> kPlatforms{"apns", "fcm", "wns", "webPush", "email"};
constexpr std::array<std::string_view, 3> kOutcomes{"accepted", "refused", "disturbed"};

json::object as_json(const Received& received) {
  json::object out{{"number", received.number}, {"at", iso(received.at)},        {"platform", name(received.platform)},
                   {"kind", received.kind},     {"endpoint", received.endpoint}, {"outcome", name(received.outcome)},
                   {"status", received.status}};
  if (!received.reason.empty()) out["reason"] = received.reason;
  out["problems"] = json::array(received.problems.begin(), received.problems.end());
  for (const auto& [key, value] : received.details) out[key] = value;
  return out;
}

bool fits(const Received& received, const Wanted& wanted) {
  return (!wanted.platform || received.platform == *wanted.platform) &&
         (!wanted.endpoint || received.endpoint == *wanted.endpoint) &&
         (!wanted.kind || received.kind == *wanted.kind) && (!wanted.outcome || received.outcome == *wanted.outcome);
}

void tell(const Received& received) {
  if (received.outcome != Outcome::refused) return;
  std::string all;
  for (const std::string& problem : received.problems) all += (all.empty() ? "" : "; ") + problem;
  log::warn("pushsim", "{} {} refused: {} {}: {}", name(received.platform), received.kind, received.status,
            received.reason, all);
}

}  // namespace

std::string_view name(Platform platform) { return kPlatforms.at(static_cast<std::size_t>(platform)); }
std::string_view name(Outcome outcome) { return kOutcomes.at(static_cast<std::size_t>(outcome)); }

std::optional<Platform> parse_platform(std::string_view text) {
  for (std::size_t i = 0; i < kPlatforms.size(); ++i)
    if (kPlatforms.at(i) == text) return static_cast<Platform>(i);
  return std::nullopt;
}

void Journal::add(Received received, Time now) {
  received.number = ++last_;
  received.at = now;
  if (received.kind == "push") ++counts_[{received.platform, received.outcome}];
  tell(received);
  received_.push_back(std::move(received));
  if (received_.size() > keep_) received_.pop_front();
}

json::object Journal::find(const Wanted& wanted) const {
  json::array found;
  // Numbers follow each other: what was seen before need not be looked at.
  const std::uint64_t first = received_.empty() ? 0 : received_.front().number;
  const std::size_t skipped = wanted.since < first ? 0 : static_cast<std::size_t>(wanted.since - first + 1);
  for (std::size_t i = skipped; i < received_.size() && found.size() < wanted.most; ++i)
    if (fits(received_[i], wanted)) found.push_back(as_json(received_[i]));
  return {{"value", std::move(found)}, {"last", last_}, {"counts", counts()}};
}

json::object Journal::counts() const {
  json::object out;
  for (const auto& [key, count] : counts_) {
    auto& platform = out[name(key.first)];
    if (!platform.is_object()) platform = json::object{};
    platform.as_object()[name(key.second)] = count;
  }
  return out;
}

void Journal::clear() {
  received_.clear();
  counts_.clear();
}

}  // namespace hg::pushsim
