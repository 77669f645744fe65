#include "model/delivery.h"

#include <algorithm>
#include <array>
#include <boost/json.hpp>

#include "base/json.h"

namespace hg::model {

namespace {

constexpr std::array<std::string_view, kOutcomes> kOutcomeNames{
    "pending", "retrying", "accepted", "acknowledged", "failed", "expired", "superseded", "withdrawn", "notTargeted"};

// An optional member of a compact object: one letter, left out where there is nothing.
void put(JsonWriter& out, std::string_view name, const std::string& text) {
  if (!text.empty()) out.field(name, text);
}
void put(JsonWriter& out, std::string_view name, const std::optional<Time>& time) {
  if (time) out.field(name, to_ms(*time));
}

std::string text_of(const json::object& from, std::string_view name) {
  const auto* found = from.if_contains(name);
  return found == nullptr ? std::string() : std::string(found->as_string());
}
std::int64_t number_of(const json::object& from, std::string_view name) {
  const auto* found = from.if_contains(name);
  return found == nullptr ? 0 : found->to_number<std::int64_t>();
}
SubscriptionId id_of(const json::object& from, std::string_view name) {
  return SubscriptionId::parse(text_of(from, name)).value_or(SubscriptionId{});
}
std::optional<Time> time_of(const json::object& from, std::string_view name) {
  const auto* found = from.if_contains(name);
  return found == nullptr ? std::nullopt : std::optional(from_ms(found->to_number<std::int64_t>()));
}

void write(JsonWriter& out, const Delivery& d) {
  out.object().field("s", d.subscription).field("c", static_cast<int>(d.carrier));
  put(out, "n", d.device_name);
  out.field("o", static_cast<int>(d.outcome)).field("a", d.attempts).field("t", to_ms(d.owed_at));
  put(out, "r", d.reason);
  put(out, "S", d.sent_at);
  put(out, "T", d.changed_at);
  put(out, "p", d.platform_id);
  put(out, "l", d.location);
  put(out, "f", d.fallback_at);
  put(out, "C", d.cleared_at);
  out.end();
}

Delivery read(const json::object& from) {
  Delivery d;
  d.subscription = id_of(from, "s");
  d.carrier = static_cast<ChannelKind>(number_of(from, "c"));
  d.device_name = text_of(from, "n");
  d.outcome = static_cast<Outcome>(number_of(from, "o"));
  d.attempts = number_of(from, "a");
  d.owed_at = from_ms(number_of(from, "t"));
  d.reason = text_of(from, "r");
  d.sent_at = time_of(from, "S");
  d.changed_at = time_of(from, "T");
  d.platform_id = text_of(from, "p");
  d.location = text_of(from, "l");
  d.fallback_at = time_of(from, "f");
  d.cleared_at = time_of(from, "C");
  return d;
}

}  // namespace

std::string_view name(Outcome outcome) { return kOutcomeNames.at(static_cast<std::size_t>(outcome)); }

Delivery* Report::find(const SubscriptionId& subscription, ChannelKind carrier) {
  const auto found = std::ranges::find_if(
      deliveries, [&](const Delivery& d) { return d.subscription == subscription && d.carrier == carrier; });
  return found == deliveries.end() ? nullptr : &*found;
}

Delivery* Report::find(const SubscriptionId& subscription) {
  const auto found = std::ranges::find_if(
      deliveries, [&](const Delivery& d) { return d.subscription == subscription && d.carrier != ChannelKind::email; });
  return found == deliveries.end() ? nullptr : &*found;
}

bool Report::fetched_by(const SubscriptionId& subscription, std::int64_t version) const {
  return std::ranges::find(fetched, Fetched{subscription, version}) != fetched.end();
}

std::string report_text(const Report& report) {
  std::string text;
  JsonWriter out(text);
  out.object().field("v", report.alert_version).key("d").array();
  for (const Delivery& one : report.deliveries) write(out, one);
  out.end();
  if (!report.fetched.empty()) {
    out.key("F").array();
    for (const Fetched& one : report.fetched) out.object().field("s", one.subscription).field("v", one.version).end();
    out.end();
  }
  out.end();
  return text;
}

Report parse_report(std::string_view text) {
  const json::value parsed = json::parse(text);
  const json::object& whole = parsed.as_object();
  Report report{.alert_version = number_of(whole, "v"), .deliveries = {}};
  for (const json::value& one : whole.at("d").as_array()) report.deliveries.push_back(read(one.as_object()));
  if (const auto* fetched = whole.if_contains("F")) {
    for (const json::value& one : fetched->as_array())
      report.fetched.push_back(
          {.subscription = id_of(one.as_object(), "s"), .version = number_of(one.as_object(), "v")});
  }
  return report;
}

}  // namespace hg::model
