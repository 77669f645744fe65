#include <fmt/format.h>

#include "api/batch.h"
#include "api/headers.h"
#include "base/encoding.h"
#include "net/head.h"

namespace hg::api::batch {
namespace {

// What belongs to the connection is not a member's to say.
constexpr std::string_view kNotOfAPart[] = {"Host",    "Connection", "Content-Length", "Transfer-Encoding",
                                            "Upgrade", "Expect",     "Keep-Alive"};
// What a member has from the batch where it has none of its own. The last two: a batch that a client library repeats
// repeats its posts.
constexpr std::string_view kInherited[] = {"Authorization", "traceparent", "client-request-id", "Retry-Attempt"};

bool among(std::span<const std::string_view> names, std::string_view name) {
  return std::ranges::any_of(names, [&](std::string_view one) { return equal_ignoring_case(one, name); });
}

const json::value* find(const json::object& object, std::string_view name) {
  const json::value* value = object.if_contains(name);
  return value != nullptr && !value->is_null() ? value : nullptr;
}

// One object of `requests`, with where it stands.
struct Given {
  const json::object& object;
  std::string path;

  [[nodiscard]] Result<std::string> text(std::string_view name) const {
    const json::value* value = find(object, name);
    if (value == nullptr) return fail(Code::property_missing, fmt::format("{} is missing", name), at(name));
    if (!value->is_string() || value->get_string().empty())
      return fail(Code::property_invalid, fmt::format("{} is a string of at least one character", name), at(name));
    return std::string(value->get_string());
  }
  [[nodiscard]] std::string at(std::string_view name) const { return path + "/" + std::string(name); }
};

Result<net::Headers> read_headers(const Given& given, const net::Headers& whole) {
  net::Headers headers;
  headers.add("Host", whole.find("Host").value_or(""));
  if (const json::value* sent = find(given.object, "headers")) {
    if (!sent->is_object()) return fail(Code::property_invalid, "headers is an object of strings", given.at("headers"));
    for (const auto& [name, value] : sent->get_object()) {
      if (!value.is_string())
        return fail(Code::property_invalid, "a header's value is a string",
                    given.at("headers") + "/" + std::string(name));
      const std::string_view text = trim(value.get_string());
      if (!net::field_line(fmt::format("{}:{}", std::string_view(name), text)))
        return fail(Code::property_invalid, "malformed header field", given.at("headers") + "/" + std::string(name));
      if (!among(kNotOfAPart, name)) headers.add(name, text);
    }
  }
  for (const std::string_view name : kInherited) {
    if (const auto inherited = whole.find(name); inherited && !headers.find(name)) headers.add(name, *inherited);
  }
  return headers;
}

// `url` is relative to the version, with or without a slash; or names it: "/beta/me", "https://{host}/beta/me".
std::string target_of(std::string_view origin_form, std::string_view version) {
  const std::string_view first = origin_form.substr(1, origin_form.find_first_of("/?", 1) - 1);
  if (equal_ignoring_case(first, "beta") || equal_ignoring_case(first, "v1.0")) return std::string(origin_form);
  return fmt::format("/{}{}", version, origin_form);
}

// Without what would end it in a request line.
Result<std::string> read_word(const Given& given, std::string_view name) {
  HG_TRY(std::string word, given.text(name));
  if (std::ranges::any_of(word, [](unsigned char c) { return c <= ' '; }))
    return fail(Code::property_invalid, fmt::format("{} has a space or a control character", name), given.at(name));
  return word;
}

// By the same check as a head off the wire: nothing a socket would not let in comes in here.
Result<void> read_head(const Given& given, std::string_view version, net::Request& request) {
  HG_TRY(request.method, read_word(given, "method"));
  HG_TRY(std::string url, read_word(given, "url"));
  const bool whole = lower(url.substr(0, 8)).starts_with("http");
  if (!url.starts_with('/') && !(whole && url.contains("://"))) url.insert(0, "/");
  std::string raw = fmt::format("{} {} HTTP/1.1\r\n", request.method, url);
  for (const net::Field& field : request.headers) raw += fmt::format("{}: {}\r\n", field.name, field.value);
  raw += "\r\n";
  const auto head = net::check_head(raw, net::HeadLimits{});
  if (!head) return fail(Code::property_invalid, std::string(head.error().reason), given.path);
  request.set_target(target_of(head->target, version));
  return {};
}

// JSON as it stands; of any other media type, base64 text.
Result<std::string> read_body(const Given& given, const net::Headers& headers) {
  const json::value* body = find(given.object, "body");
  if (body == nullptr) return "";
  if (is_json(headers)) {
    std::string text;
    JsonWriter(text).value(*body);
    return text;
  }
  const auto raw = body->is_string() ? from_base64(body->get_string()) : std::nullopt;
  if (!raw) return fail(Code::property_invalid, "a body that is not JSON is base64 text", given.at("body"));
  return std::string(as_text(*raw));
}

// `whole`: the batch without its body.
Result<Member> read_member(const Given& given, const net::Request& whole, std::string_view version) {
  if (find(given.object, "atomicityGroup") != nullptr)
    return fail(Code::property_invalid, "atomicityGroup is not supported: each request stands for itself",
                given.at("atomicityGroup"));
  Member member{.id = {}, .request = whole, .after = {}};
  HG_TRY(member.id, given.text("id"));
  net::Request& request = member.request;
  HG_TRY(request.headers, read_headers(given, whole.headers));
  HG_CHECK(read_head(given, version, request));
  HG_TRY(request.body, read_body(given, request.headers));
  return member;
}

std::optional<std::size_t> place_of(const std::vector<Member>& members, std::string_view id) {
  const auto found = std::ranges::find(members, id, &Member::id);
  if (found == members.end()) return std::nullopt;
  return static_cast<std::size_t>(found - members.begin());
}

Result<std::vector<std::size_t>> read_depends_on(const Given& given, const std::vector<Member>& members) {
  std::vector<std::size_t> after;
  const json::value* ids = find(given.object, "dependsOn");
  if (ids == nullptr) return after;
  if (!ids->is_array()) return fail(Code::property_invalid, "dependsOn is a list of ids", given.at("dependsOn"));
  for (const json::value& id : ids->get_array()) {
    const auto place = id.is_string() ? place_of(members, id.get_string()) : std::nullopt;
    if (!place)
      return fail(Code::property_invalid, fmt::format("dependsOn names {}, which no request has", json::serialize(id)),
                  given.at("dependsOn"));
    after.push_back(*place);
  }
  return after;
}

Result<const json::array*> requests_of(const json::value& body) {
  if (!body.is_object())
    return fail(Code::not_an_object, R"(the body is a list or no object; {"requests": […]} is right)");
  const json::value* requests = find(body.get_object(), "requests");
  if (requests == nullptr) return fail(Code::property_missing, "requests is missing", "/requests");
  const json::array* list = requests->if_array();
  if (list == nullptr || list->empty() || list->size() > kMost)
    return fail(Code::property_invalid,
                fmt::format("requests is a list of 1 to {} requests{}", kMost,
                            list == nullptr ? std::string() : fmt::format("; these are {}", list->size())),
                "/requests");
  return list;
}

}  // namespace

Result<std::vector<Member>> read(net::Request whole, std::string_view version, const json::value& body) {
  HG_TRY(const json::array* list, requests_of(body));
  whole.body.clear();
  std::vector<Given> given;
  std::vector<Member> members;
  for (const json::value& one : *list) {
    const std::string path = fmt::format("/requests/{}", given.size());
    if (!one.is_object()) return fail(Code::property_invalid, "a request is an object", path);
    given.push_back({one.get_object(), path});
    HG_TRY(Member member, read_member(given.back(), whole, version));
    if (place_of(members, member.id))
      return fail(Code::property_invalid, fmt::format("two requests have the id \"{}\"", member.id),
                  given.back().at("id"));
    members.push_back(std::move(member));
  }
  for (std::size_t i = 0; i < members.size(); ++i) {
    HG_TRY(members[i].after, read_depends_on(given[i], members));
  }
  return members;
}

Result<Waves> waves(const std::vector<Member>& members) {
  Waves waves;
  std::vector<bool> done(members.size());
  for (std::size_t left = members.size(); left > 0; left -= waves.back().size()) {
    std::vector<std::size_t> wave;
    for (std::size_t i = 0; i < members.size(); ++i) {
      if (!done[i] && std::ranges::all_of(members[i].after, [&](std::size_t other) { return done[other]; }))
        wave.push_back(i);
    }
    if (wave.empty()) {
      const auto stuck = static_cast<std::size_t>(std::ranges::find(done, false) - done.begin());
      return fail(Code::property_invalid,
                  fmt::format("the request \"{}\" depends on itself, or on one that does", members[stuck].id),
                  fmt::format("/requests/{}/dependsOn", stuck));
    }
    for (const std::size_t i : wave) done[i] = true;
    waves.push_back(std::move(wave));
  }
  return waves;
}

}  // namespace hg::api::batch
