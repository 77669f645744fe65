#include "pushsim/faults.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

#include "pushsim/fields.h"

namespace hg::pushsim {

namespace {

constexpr std::array<std::pair<std::string_view, Fault::Kind>, 12> kKinds{{
    {"none", Fault::Kind::none},
    {"status", Fault::Kind::status},
    {"html", Fault::Kind::html},
    {"reset", Fault::Kind::reset},
    {"hang", Fault::Kind::hang},
    {"garbage", Fault::Kind::garbage},
    {"refuseStream", Fault::Kind::refuse_stream},
    {"goaway", Fault::Kind::goaway},
    {"gone", Fault::Kind::gone},
    {"expired", Fault::Kind::expired},
    {"dropped", Fault::Kind::dropped},
    {"channelThrottled", Fault::Kind::channel_throttled},
}};

constexpr double kLongest = 3600;  // seconds, of a latency or Retry-After; it only needs to be finite

std::optional<double> number_in(const json::value& value, double least, double most) {
  if (!value.is_number()) return std::nullopt;
  const auto number = value.to_number<double>();
  return number >= least && number <= most ? std::optional(number) : std::nullopt;
}

Result<void> set_what(Fault& fault, std::string_view member, const json::value& value) {
  if (member == "latencyMs") {
    const auto ms = number_in(value, 0, kLongest * 1000);
    if (!ms) return must_be(member, "a number of milliseconds");
    fault.latency = Duration(std::llround(*ms));
  } else if (member == "status") {
    const auto status = number_in(value, 200, 599);
    if (!status) return must_be(member, "an HTTP or SMTP status");
    fault.status = static_cast<int>(*status);
  } else if (member == "retryAfter") {
    const auto seconds = number_in(value, 0, kLongest);
    if (!seconds) return must_be(member, "a number of seconds");
    fault.retry_after = static_cast<int>(*seconds);
  } else if (member == "reason") {
    if (!value.is_string()) return must_be(member, "a text");
    fault.reason = value.as_string();
  } else if (member == "after") {
    if (!value.is_bool()) return must_be(member, "true or false");
    fault.after = value.as_bool();
  } else {
    return fail(Code::property_invalid, fmt::format("\"{}\" is unknown; see docs/pushsim.md", member));
  }
  return {};
}

Result<void> set(Fault& fault, std::string_view member, const json::value& value) {
  if (member == "fault") {
    const auto* kind = std::ranges::find_if(
        kKinds, [&](const auto& known) { return value.is_string() && value.as_string() == known.first; });
    if (kind == kKinds.end()) return must_be(member, "one of the faults that docs/pushsim.md lists");
    fault.kind = kind->second;
  } else if (member == "platform") {
    fault.platform = value.is_string() ? parse_platform(value.as_string()) : std::nullopt;
    if (!fault.platform) return must_be(member, "apns, fcm, wns, webPush or email");
  } else if (member == "endpoint") {
    if (!value.is_string()) return must_be(member, "the id of an endpoint");
    fault.endpoint = value.as_string();
  } else if (member == "on") {
    if (!value.is_string()) return must_be(member, "push, token or withdraw");
    fault.on = value.as_string();
  } else if (member == "proportion") {
    const auto share = number_in(value, 0, 1);
    if (!share) return must_be(member, "between 0 and 1");
    fault.proportion = *share;
  } else if (member == "times") {
    const auto times = number_in(value, 1, 1e12);
    if (!times) return must_be(member, "a number from 1");
    fault.times = static_cast<std::uint64_t>(*times);
  } else {
    return set_what(fault, member, value);
  }
  return {};
}

json::object as_json(const Fault& fault) {
  const auto* kind = std::ranges::find(kKinds, fault.kind, &std::pair<std::string_view, Fault::Kind>::second);
  json::object out{{"id", fault.id}, {"fault", kind->first}, {"on", fault.on}, {"proportion", fault.proportion}};
  if (fault.platform) out["platform"] = name(*fault.platform);
  if (!fault.endpoint.empty()) out["endpoint"] = fault.endpoint;
  if (fault.times) out["times"] = *fault.times;
  if (fault.latency > Duration{0}) out["latencyMs"] = fault.latency.count();
  if (fault.after) out["after"] = true;
  if (fault.kind == Fault::Kind::status) out["status"] = fault.status;
  if (!fault.reason.empty()) out["reason"] = fault.reason;
  if (fault.retry_after) out["retryAfter"] = *fault.retry_after;
  return out;
}

}  // namespace

Result<std::uint64_t> Faults::add(const json::object& wish) {
  Fault fault;
  for (const auto& [member, value] : wish) HG_CHECK(set(fault, member, value));
  fault.id = ++last_;
  faults_.push_back(std::move(fault));
  return last_;
}

bool Faults::remove(std::uint64_t id) {
  return std::erase_if(faults_, [&](const Fault& fault) { return fault.id == id; }) > 0;
}

json::array Faults::list() const {
  json::array out;
  for (const Fault& fault : faults_) out.push_back(as_json(fault));
  return out;
}

std::optional<Fault> Faults::draw(Platform platform, std::string_view on, std::string_view endpoint) {
  for (Fault& fault : faults_) {
    if ((fault.platform && *fault.platform != platform) || fault.on != on || fault.times == 0) continue;
    if (!fault.endpoint.empty() && fault.endpoint != endpoint) continue;
    if (fault.proportion < 1 && std::uniform_real_distribution<>(0, 1)(random_) >= fault.proportion) continue;
    if (fault.times) --*fault.times;
    return fault;
  }
  return std::nullopt;
}

}  // namespace hg::pushsim
