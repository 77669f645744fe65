#include "delivery/credentials.h"

#include <stdexcept>

#include "base/json.h"

namespace hg::delivery {

namespace {

using model::ChannelKind;

std::string text_of(const json::object& from, std::string_view name) {
  const auto* found = from.if_contains(name);
  return found == nullptr ? std::string() : std::string(found->as_string());
}

push::ApnsCredentials apns(const json::object& given, const std::string& topic) {
  const auto environment = text_of(given, "environment");
  return {.key = text_of(given, "key"),
          .key_id = text_of(given, "keyId"),
          .team_id = text_of(given, "teamId"),
          .certificate = text_of(given, "certificate"),
          .topic = topic,
          // Of tokens that do not say.
          .environment = environment == "sandbox" ? "sandbox" : "production"};
}

push::WnsCredentials wns(const json::object& given) {
  const auto tenant = text_of(given, "tenantId");
  return {.client_id = text_of(given, tenant.empty() ? "packageSid" : "clientId"),
          .client_secret = text_of(given, "clientSecret"),
          .tenant = tenant};
}

}  // namespace

push::Credentials opened(const store::Credential& credential, const crypto::SealingKey& key, const std::string& topic) {
  const auto clear = key.open(credential.id.view(), as_bytes(credential.sealed));
  if (!clear) throw std::runtime_error("push credentials cannot be opened: they were sealed with another key");
  const json::value parsed = json::parse(as_text(*clear));
  const json::object& given = parsed.as_object();
  switch (credential.platform) {
    case ChannelKind::apns:
      return apns(given, topic);
    case ChannelKind::fcm:
      return push::FcmCredentials{text_of(given, "serviceAccount")};
    case ChannelKind::wns:
      return wns(given);
    case ChannelKind::webpush:
      return push::WebPushCredentials{.keys = {}, .subject = text_of(given, "subject")};
    default:
      throw std::runtime_error("push credentials of no platform");
  }
}

std::string default_subject(const store::CrossDeviceApp& app) { return "https://" + app.host_name; }

}  // namespace hg::delivery
