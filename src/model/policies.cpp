#include "model/policies.h"

#include <fmt/format.h>

namespace hg::model {

namespace {

// Their order in stored text, so that equal policies are equal texts.
constexpr std::array<std::string_view, 3> kPolicyNames{"targetPolicy", "fallbackPolicy", "deliveryPolicy"};
constexpr std::string_view kPlatformNames = "of Windows, iOS, Android, WebPush";

template <class T>
void put(json::object& out, std::string_view name, const std::optional<T>& value) {
  if (value) out[name] = *value;
}

template <std::size_t N>
std::optional<std::string> one_of(const std::array<std::string_view, N>& names, std::string_view text) {
  for (const auto name : names)
    if (equal_ignoring_case(name, text)) return std::string(name);
  return std::nullopt;
}

// A single string is read as a list of one.
json::array read_platforms(const Reading& policy) {
  json::array names;
  const json::value* value = policy.find("platformTypes");
  if (!value) return names;
  const auto add = [&](const json::value& item) {
    const auto platform = item.is_string() ? parse_platform(std::string_view(item.get_string())) : std::nullopt;
    if (!platform) return policy.wrong("platformTypes", item, fmt::format("a list {}", kPlatformNames));
    const json::string text(name(*platform));
    if (std::ranges::find(names, json::value(text)) == names.end()) names.emplace_back(text);
  };
  if (value->is_string()) {
    add(*value);
  } else if (value->is_array()) {
    for (const json::value& item : value->get_array()) add(item);
  } else {
    policy.wrong("platformTypes", *value, fmt::format("a list {}", kPlatformNames));
  }
  return names;
}

PlatformMask mask_of(const json::array& names) {
  PlatformMask mask = 0;
  for (const json::value& item : names)
    mask |= static_cast<PlatformMask>(*parse_platform(std::string_view(item.get_string())));
  return mask == 0 ? kAllPlatforms : mask;
}

// Mail headers are made of these: a line break would begin another header.
std::string header_text(const Reading& mail, std::string_view name, bool required) {
  std::string text = required ? mail.required_text(name, {1'024}) : mail.text(name, {1'024}).value_or("");
  if (std::ranges::any_of(text, [](unsigned char c) { return c < 0x20 || c == 0x7f; }))
    mail.invalid(name, fmt::format("{} contains a control character; one line of text is right", name));
  return text;
}

void check_address(const Reading& mail, std::string_view address) {
  if (!mail.find("fromAddress")) return;
  const std::size_t at = address.find('@');
  const bool plain = address.find_first_of(" \t<>,;\"") == std::string_view::npos;
  if (plain && at != std::string_view::npos && at > 0 && at + 1 < address.size() && at == address.rfind('@')) return;
  mail.wrong("fromAddress", *mail.find("fromAddress"), "an address as in \"news@contoso.com\"");
}

json::object read_mail(const Reading& mail) {
  constexpr std::array<std::string_view, 2> kBodyTypes{"HTML", "Text"};
  json::object out;
  out["subject"] = header_text(mail, "subject", true);
  if (!mail.find("bodyType")) mail.missing("bodyType");
  put(out, "bodyType",
      mail.choice("bodyType", [&](std::string_view text) { return one_of(kBodyTypes, text); }, "HTML or Text"));
  out["body"] = mail.required_text("body", {static_cast<std::size_t>(kMaxContentBytes)});
  const std::string address = header_text(mail, "fromAddress", true);
  check_address(mail, address);
  out["fromAddress"] = address;
  if (mail.find("fromDisplayName")) out["fromDisplayName"] = header_text(mail, "fromDisplayName", false);
  put(out, "scenarioName", mail.text("scenarioName", {256}));
  return out;
}

json::object read_transport(const Reading& fallback) {
  constexpr std::array<std::string_view, 1> kTransports{"Email"};
  json::object out;
  if (!fallback.find("transportType")) fallback.missing("transportType");
  put(out, "transportType",
      fallback.choice("transportType", [&](std::string_view text) { return one_of(kTransports, text); }, "Email"));
  if (!fallback.find("fallbackDelayInSeconds")) fallback.missing("fallbackDelayInSeconds");
  put(out, "fallbackDelayInSeconds", fallback.number("fallbackDelayInSeconds", 60, 86'400));
  if (!fallback.find("emailContent")) fallback.missing("emailContent");
  if (const auto mail = fallback.object("emailContent")) out["emailContent"] = read_mail(*mail);
  return out;
}

json::object read_visual(const Reading& visual) {
  json::object out;
  out["title"] = visual.required_text("title", {1'024});
  put(out, "body", visual.text("body", {8'192}));
  return out;
}

json::object read_endpoint(const Reading& fallback) {
  json::object out;
  if (!fallback.find("platformTypes")) fallback.missing("platformTypes");
  const json::array platforms = read_platforms(fallback);
  if (fallback.find("platformTypes") && platforms != json::array{"iOS"})
    fallback.invalid("platformTypes", R"(platformTypes of endpointFallback must be ["iOS"])");
  out["platformTypes"] = platforms;
  if (!fallback.find("fallbackDelayInSeconds")) fallback.missing("fallbackDelayInSeconds");
  put(out, "fallbackDelayInSeconds", fallback.number("fallbackDelayInSeconds", 60, 600));
  if (!fallback.find("visualContent")) fallback.missing("visualContent");
  if (const auto visual = fallback.object("visualContent")) out["visualContent"] = read_visual(*visual);
  return out;
}

json::object read_fallback(const Reading& policy) {
  json::object out;
  if (const auto endpoint = policy.object("endpointFallback")) out["endpointFallback"] = read_endpoint(*endpoint);
  if (const auto transport = policy.object("transportFallback")) out["transportFallback"] = read_transport(*transport);
  return out;
}

json::object read_delivery(const Reading& policy) {
  constexpr std::array<std::string_view, 2> kModes{"all", "firstActive"};
  json::object out;
  put(out, "mode",
      policy.choice("mode", [&](std::string_view text) { return one_of(kModes, text); }, "all or firstActive"));
  put(out, "escalateAfterSeconds", policy.number("escalateAfterSeconds", 1, 600));
  return out;
}

std::size_t text_bytes(const json::value& value) {
  if (value.is_string()) return value.get_string().size();
  std::size_t sum = 0;
  if (value.is_array())
    for (const json::value& item : value.get_array()) sum += text_bytes(item);
  if (value.is_object())
    for (const auto& member : value.get_object()) sum += text_bytes(member.value());
  return sum;
}

Result<void> check_bytes(std::size_t bytes, std::string path) {
  if (bytes <= static_cast<std::size_t>(kMaxContentBytes)) return {};
  return fail(Code::too_large,
              fmt::format("payload and fallbackPolicy together are {} bytes; {} is the most", bytes, kMaxContentBytes),
              std::move(path));
}

}  // namespace

Policies read_policies(const Reading& body) {
  Policies policies;
  for (const std::string_view name : kPolicyNames)
    if (body.given(name) && !body.find(name)) policies.given[name] = nullptr;
  if (body.given("targetPolicy")) policies.platforms = kAllPlatforms;
  if (const auto target = body.object("targetPolicy")) {
    const json::array platforms = read_platforms(*target);
    policies.platforms = mask_of(platforms);
    policies.given["targetPolicy"] = json::object{{"platformTypes", platforms}};
  }
  if (const auto fallback = body.object("fallbackPolicy")) policies.given["fallbackPolicy"] = read_fallback(*fallback);
  if (const auto delivery = body.object("deliveryPolicy")) policies.given["deliveryPolicy"] = read_delivery(*delivery);
  return policies;
}

void check_policies(const Content& content, const json::object& policies, std::string_view path, Mistakes& mistakes) {
  const json::value* fallback = policies.if_contains("fallbackPolicy");
  if (!fallback || !fallback->is_object() || !fallback->get_object().contains("endpointFallback")) return;
  if (content.title || content.priority == Priority::high) return;
  mistakes.invalid(fmt::format("{}/fallbackPolicy/endpointFallback", path),
                   fmt::format("endpointFallback is for raw notifications of priority High; this one's priority is {}",
                               name(content.priority)));
}

Result<void> check_size(const Reading& body) {
  std::size_t bytes = 0;
  for (const std::string_view name : {"payload", "fallbackPolicy"})
    if (const json::value* value = body.find(name)) bytes += text_bytes(*value);
  return check_bytes(bytes, body.path("payload"));
}

Result<void> check_size(const Content& content, const json::object& policies) {
  std::size_t bytes = 0;
  for (const auto* text : {&content.raw_content, &content.title, &content.body}) bytes += *text ? (*text)->size() : 0;
  if (const json::value* fallback = policies.if_contains("fallbackPolicy")) bytes += text_bytes(*fallback);
  return check_bytes(bytes, "/payload");
}

json::object parse_policies(std::string_view stored) {
  return stored.empty() ? json::object() : json::parse(stored).as_object();
}

std::string policies_text(const json::object& policies) {
  json::object present;
  for (const std::string_view name : kPolicyNames)
    if (const json::value* policy = policies.if_contains(name); policy && !policy->is_null()) present[name] = *policy;
  return present.empty() ? "" : json::serialize(present);
}

void merge_policies(json::object& into, const json::object& patch) {
  for (const auto& member : patch) {
    into.erase(member.key());
    if (!member.value().is_null()) into.insert(member);
  }
}

}  // namespace hg::model
