// JSON from outside, and every body that is read from it.
#include "base/json.h"

#include <cmath>
#include <string>

#include "base/encoding.h"
#include "fuzzing.h"
#include "model/notification.h"
#include "model/subscription.h"

using namespace hg;
using hg::fuzz::promise;

namespace {

constexpr std::size_t kDepth = 8;
constexpr Time kNow = from_ms(1'790'000'000'000);

std::size_t depth_of(const json::value& value) {
  std::size_t deepest = 0;
  if (const auto* array = value.if_array())
    for (const auto& item : *array) deepest = std::max(deepest, depth_of(item));
  if (const auto* object = value.if_object())
    for (const auto& member : *object) deepest = std::max(deepest, depth_of(member.value()));
  return value.is_structured() ? deepest + 1 : 0;
}

// Boost.JSON reads a double to within its last digits.
bool close(double a, double b) { return a == b || std::abs(a - b) <= 1e-12 * std::abs(a); }

bool same(const json::value& a, const json::value& b) {
  if (a.is_double() && b.is_number()) return close(a.get_double(), b.to_number<double>());
  if (a.is_array() && b.is_array()) return std::ranges::equal(a.get_array(), b.get_array(), same);
  if (!a.is_object() || !b.is_object()) return a == b;
  const auto& others = b.get_object();
  return a.get_object().size() == others.size() && std::ranges::all_of(a.get_object(), [&](const auto& member) {
           const auto* other = others.if_contains(member.key());
           return other != nullptr && same(member.value(), *other);
         });
}

void check_mistake(const Error& error) {
  promise(valid_utf8(error.message), "a refusal can be told");
  for (const Error& detail : error.details) promise(valid_utf8(detail.message), "a refusal can be told");
}

void check_post(const json::value& body) {
  const auto post = model::parse_post(body, kNow);
  if (!post) return check_mistake(post.error());
  const auto& content = post->content;
  promise(!content.app_notification_id.empty() && code_points(content.app_notification_id) <= 256, "an id of its size");
  promise(content.expires_at > kNow && content.expires_at <= kNow + std::chrono::days(31), "an expiry that can be");
  promise(content.policies.empty() || parse_json(content.policies).has_value(), "policies are stored as JSON");
  promise(code_points(content.body.value_or("")) <= 8192, "a body of its size");
}

template <class Parsed>
void check(const Result<Parsed>& parsed) {
  if (!parsed) check_mistake(parsed.error());
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto text = fuzz::Input(data, size).rest();
  const auto parsed = parse_json(text, {.depth = kDepth});
  if (!parsed) {
    promise(valid_utf8(parsed.error().message), "a refusal can be told");
    return 0;
  }
  promise(valid_utf8(text), "only UTF-8 is read");
  promise(depth_of(*parsed) <= kDepth, "no deeper than allowed");
  std::string written;
  JsonWriter(written).value(*parsed);
  const auto again = parse_json(written, {.depth = kDepth});
  promise(again && same(*parsed, *again), "what is written is read again");

  check_post(*parsed);
  check(model::parse_content_patch(*parsed, kNow));
  check(model::parse_state_patch(*parsed, kNow));
  check(model::parse_activity_patch(*parsed, kNow));
  check(model::parse_subscribe(*parsed, kNow));
  return 0;
}
