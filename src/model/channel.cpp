#include "model/channel.h"

#include <fmt/format.h>

#include "base/encoding.h"

namespace hg::model {

namespace {

constexpr std::size_t kMaxAddress = 4'096;
constexpr std::string_view kToken = "pushToken";

std::optional<ChannelKind> parse_kind(std::string_view text) {
  constexpr std::array<std::pair<std::string_view, ChannelKind>, 8> kinds{{{"wns", ChannelKind::wns},
                                                                           {"gcm", ChannelKind::fcm},
                                                                           {"fcm", ChannelKind::fcm},
                                                                           {"apns", ChannelKind::apns},
                                                                           {"apn", ChannelKind::apns},
                                                                           {"webpush", ChannelKind::webpush},
                                                                           {"live", ChannelKind::live},
                                                                           {"polling", ChannelKind::live}}};
  for (const auto& [name, kind] : kinds)
    if (equal_ignoring_case(name, text)) return kind;
  return std::nullopt;
}

Platform platform_of(ChannelKind kind) {
  switch (kind) {
    case ChannelKind::wns:
      return Platform::windows;
    case ChannelKind::fcm:
      return Platform::android;
    case ChannelKind::apns:
      return Platform::ios;
    case ChannelKind::webpush:
      return Platform::webpush;
    case ChannelKind::live:
    case ChannelKind::email:
      break;
  }
  return Platform::none;
}

// Edge's Web Push endpoints live on the same hosts, below /w/.
bool is_wns(std::string_view url) {
  const auto host = https_host(url);
  if (!host || !host->ends_with(".notify.windows.com")) return false;
  const std::size_t path = url.find('/', std::string_view("https://").size());
  return path == std::string_view::npos || !url.substr(path).starts_with("/w/");
}

bool is_key(std::string_view text, std::size_t bytes) {
  const auto raw = from_base64url(text);
  return raw && raw->size() == bytes;
}

void read_keys(const Reading& keys) {
  const auto point = keys.required_text("p256dh", {128});
  if (keys.find("p256dh") && !is_point(point))
    keys.invalid("p256dh", "p256dh is not an uncompressed P-256 point (65 bytes beginning with 4) in base64url");
  const auto secret = keys.required_text("auth", {64});
  if (keys.find("auth") && !is_key(secret, 16)) keys.invalid("auth", "auth is not 16 bytes in base64url");
}

// The browser's PushSubscription, brought to endpoint and keys; mistakes lie below pushToken.
std::string read_push_subscription(const Reading& data, std::string_view text) {
  const auto parsed = parse_json(text);
  if (!parsed || !parsed->is_object()) {
    data.invalid(kToken, "pushToken must be the browser's PushSubscription as JSON text (JSON.stringify of it)");
    return {};
  }
  const Reading push(parsed->get_object(), data.path(kToken), data.mistakes());
  const std::string endpoint = push.required_text("endpoint", {kMaxAddress});
  if (push.find("endpoint") && !https_host(endpoint)) push.wrong("endpoint", *push.find("endpoint"), "an https URL");
  if (!push.find("keys")) push.missing("keys");
  const auto keys = push.object("keys");
  if (!keys) return {};
  read_keys(*keys);
  json::object kept{{"endpoint", endpoint}};
  kept["keys"] = {{"p256dh", keys->json().contains("p256dh") ? keys->json().at("p256dh") : json::value()},
                  {"auth", keys->json().contains("auth") ? keys->json().at("auth") : json::value()}};
  return json::serialize(kept);
}

// It becomes part of a URL or a JSON text at the platform.
std::string read_token(const Reading& data) {
  std::string token = data.required_text(kToken, {kMaxAddress, 1});
  if (std::ranges::any_of(token, [](unsigned char c) { return c <= 0x20 || c >= 0x7f; }))
    data.invalid(kToken, "pushToken contains a blank, a control character or one outside ASCII");
  return token;
}

std::string read_wns_uri(const Reading& data, const std::string& channel_url) {
  if (!data.find(kToken) && !channel_url.empty()) return channel_url;
  std::string uri = data.required_text(kToken, {kMaxAddress, 1});
  if (data.find(kToken) && !https_host(uri)) data.wrong(kToken, *data.find(kToken), "a WNS channel URI (https)");
  return uri;
}

std::optional<std::string> read_environment(const Reading& data) {
  return data.choice(
      "environment",
      [](std::string_view text) -> std::optional<std::string> {
        const std::string known = lower(text);
        return known == "production" || known == "sandbox" ? std::optional(known) : std::nullopt;
      },
      "production or sandbox");
}

std::string read_server_key(const Reading& data) {
  std::string key = data.text("applicationServerKey", {128}).value_or("");
  if (!key.empty() && !is_point(key))
    data.invalid("applicationServerKey",
                 "applicationServerKey is not an uncompressed P-256 point (65 bytes beginning with 4) in base64url");
  while (key.ends_with('=')) key.pop_back();
  return key;
}

Channel channel_of_kind(const Reading& data, ChannelKind kind, const std::string& channel_url) {
  Channel channel{.kind = kind, .address = {}, .environment = {}, .application_server_key = {}};
  switch (kind) {
    case ChannelKind::live:
      if (!channel_url.empty())
        data.invalid("platformType", "platformType live or polling and a channelUrl contradict each other");
      break;
    case ChannelKind::wns:
      channel.address = read_wns_uri(data, channel_url);
      break;
    case ChannelKind::apns:
      channel.environment = read_environment(data).value_or("");
      [[fallthrough]];
    case ChannelKind::fcm:
      channel.address = read_token(data);
      break;
    case ChannelKind::webpush:
      channel.application_server_key = read_server_key(data);
      if (const std::string text = data.required_text(kToken, {kMaxAddress * 2}); data.find(kToken))
        channel.address = read_push_subscription(data, text);
      break;
    case ChannelKind::email:  // no name of a platformType
      break;
  }
  return channel;
}

// A bare Web Push endpoint has no keys to encrypt for: what is sent to it carries no body and only wakes it.
Channel channel_of_url(const Reading& body, const std::string& url) {
  Channel channel;
  if (url.empty()) return channel;
  channel.kind = is_wns(url) ? ChannelKind::wns : ChannelKind::webpush;
  channel.address = is_wns(url) ? url : json::serialize(json::object{{"endpoint", url}});
  if (!https_host(url))
    body.wrong("channelUrl", *body.find("channelUrl"), "a WNS channel URI or a Web Push endpoint (https)");
  return channel;
}

Channel channel_of_data(const Reading& data, const Reading& body, const std::string& channel_url) {
  if (!data.find("platformType")) {
    if (data.find(kToken)) data.missing("platformType");
    return channel_of_url(body, channel_url);
  }
  const auto kind = data.choice("platformType", parse_kind, "wns, gcm, fcm, apns, apn, webpush, live or polling");
  return kind ? channel_of_kind(data, *kind, channel_url) : Channel{};
}

}  // namespace

ReadChannel read_channel(const Reading& body) {
  ReadChannel read;
  read.channel_url = body.text("channelUrl", {kMaxAddress}).value_or("");
  const auto data = body.object("crossPlatformChannelData");
  if (!data) {
    read.channel = channel_of_url(body, read.channel_url);
    read.counts_as = platform_of(read.channel.kind);
    return read;
  }
  read.channel = channel_of_data(*data, body, read.channel_url);
  read.counts_as = data->choice("platform", parse_platform, "Windows, iOS, Android or WebPush")
                       .value_or(platform_of(read.channel.kind));
  read.app_package_name = data->text("appPackageName", {256}).value_or("");
  read.app_display_name = data->text("appDisplayName", {256}).value_or("");
  return read;
}

std::optional<std::string> https_host(std::string_view url) {
  constexpr std::string_view scheme = "https://";
  if (!equal_ignoring_case(url.substr(0, scheme.size()), scheme)) return std::nullopt;
  if (std::ranges::any_of(url, [](unsigned char c) { return c <= 0x20 || c >= 0x7f || c == '\\' || c == '#'; }))
    return std::nullopt;
  const std::string_view rest = url.substr(scheme.size());
  const std::string_view authority = rest.substr(0, rest.find_first_of("/?"));
  const std::string_view host = authority.substr(0, authority.rfind(':'));
  if (host.empty() || authority.contains('@')) return std::nullopt;
  return lower(host);
}

bool is_point(std::string_view base64url_text) {
  const auto raw = from_base64url(base64url_text);
  return raw && raw->size() == 65 && raw->front() == std::byte{4};
}

}  // namespace hg::model
