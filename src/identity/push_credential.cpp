#include "identity/push_credential.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/encoding.h"
#include "crypto/certificate.h"
#include "crypto/keys.h"

namespace hg::identity {

namespace {

using Fact = std::pair<std::string, std::string>;

std::unexpected<Error> wrong(std::string_view name, std::string message) {
  return fail(Code::property_invalid, std::move(message), fmt::format("/{}", name));
}

Result<void> check_id(std::string_view name, const std::string& id) {
  const bool good = id.size() == 10 &&
                    std::ranges::all_of(id, [](char c) { return (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9'); });
  if (good) return {};
  return wrong(name, fmt::format("{} is \"{}\"; it has 10 capital letters and digits", name, id));
}

Result<void> check_environment(const std::string& environment) {
  constexpr std::array<std::string_view, 3> kEnvironments{"production", "sandbox", "both"};
  if (std::ranges::find(kEnvironments, environment) != kEnvironments.end()) return {};
  return wrong("environment", fmt::format("environment is \"{}\"; it is production, sandbox or both", environment));
}

Result<std::string> text_of(const json::object& account, std::string_view name) {
  const auto* found = account.if_contains(name);
  if (found == nullptr || !found->is_string() || found->get_string().empty())
    return wrong("serviceAccount", fmt::format("the service account has no {}; it is the JSON file of the key that the "
                                               "Firebase console made",
                                               name));
  return std::string(found->get_string());
}

PushCredential made(model::ChannelKind platform, std::vector<Fact> facts, const std::vector<Fact>& secrets) {
  PushCredential credential{.platform = platform, .facts = std::move(facts)};
  JsonWriter out(credential.secrets);
  out.object();
  for (const auto& [name, value] : credential.facts) out.field(name, value);
  for (const auto& [name, value] : secrets) out.field(name, value);
  out.end();
  return credential;
}

}  // namespace

Result<PushCredential> read_credential(const ApnsGiven& given) {
  const auto key = crypto::PrivateKey::from_pem(given.key);
  if (!key || key->alg() != crypto::Alg::es256)
    return wrong("key", "key is no P-256 private key in PEM; it is the text of the .p8 file that Apple gave");
  HG_CHECK(check_id("keyId", given.key_id));
  HG_CHECK(check_id("teamId", given.team_id));
  HG_CHECK(check_environment(given.environment));
  return made(model::ChannelKind::apns,
              {{"keyId", given.key_id}, {"teamId", given.team_id}, {"environment", given.environment}},
              {{"key", given.key}});
}

Result<PushCredential> read_credential(const ApnsCertificateGiven& given, Time now) {
  const std::string& pem = given.certificate;
  if (const auto fault = crypto::fault_of_identity(pem); !fault.empty())
    return wrong("certificate",
                 fmt::format("certificate: {}; it is what `openssl pkcs12 -nodes` prints of Apple's .p12", fault));
  const auto facts = crypto::certificate_facts(pem).value();
  if (now >= facts.not_after)
    return wrong("certificate", fmt::format("certificate: it ended at {}", iso(facts.not_after)));
  if (now < facts.not_before)
    return wrong("certificate", fmt::format("certificate: it begins at {} only", iso(facts.not_before)));
  HG_CHECK(check_environment(given.environment));
  return made(model::ChannelKind::apns,
              {{"certificateName", facts.common_name},
               {"certificateThumbprint", hex(crypto::thumbprint_sha256(pem).value())},
               {"certificateExpirationDateTime", iso(facts.not_after)},
               {"environment", given.environment}},
              {{"certificate", pem}});
}

Result<PushCredential> read_credential(const json::object& account) {
  HG_TRY(const std::string type, text_of(account, "type"));
  if (type != "service_account")
    return wrong("serviceAccount", fmt::format("the file's type is \"{}\"; it should be service_account", type));
  HG_TRY(const std::string project, text_of(account, "project_id"));
  HG_TRY(const std::string email, text_of(account, "client_email"));
  HG_TRY(const std::string pem, text_of(account, "private_key"));
  HG_TRY(const std::string token_uri, text_of(account, "token_uri"));
  const auto key = crypto::PrivateKey::from_pem(pem);
  if (!key || key->alg() != crypto::Alg::rs256)
    return wrong("serviceAccount", "private_key of the service account is no RSA private key in PEM");
  return made(model::ChannelKind::fcm, {{"projectId", project}, {"clientEmail", email}},
              {{"serviceAccount", json::serialize(account)}});
}

Result<PushCredential> read_credential(const WnsGiven& given) {
  if (given.tenant.empty() && !given.client_id.starts_with("ms-app://"))
    return wrong("packageSid", fmt::format("packageSid is \"{}\"; it begins with ms-app://", given.client_id));
  if (!given.tenant.empty() && !Guid::parse(given.client_id))
    return wrong("clientId",
                 fmt::format("clientId is \"{}\"; it is the GUID of an Entra application", given.client_id));
  std::vector<Fact> facts{{given.tenant.empty() ? "packageSid" : "clientId", given.client_id}};
  if (!given.tenant.empty()) facts.emplace_back("tenantId", given.tenant);
  return made(model::ChannelKind::wns, std::move(facts), {{"clientSecret", given.client_secret}});
}

Result<PushCredential> read_credential(const WebPushGiven& given) {
  const std::string_view subject = given.subject;
  const bool mail = subject.starts_with("mailto:") && subject.find('@') != std::string_view::npos;
  const bool local = subject.find("localhost") != std::string_view::npos || subject.ends_with(".local");
  if (local || subject.size() > 256 || !(mail || subject.starts_with("https://")))
    return wrong("subject", fmt::format("subject is \"{}\"; push services want to reach somebody: "
                                        "mailto:push@contoso.com or https://contoso.com, and refuse localhost",
                                        subject));
  return made(model::ChannelKind::webpush, {{"subject", given.subject}}, {});
}

}  // namespace hg::identity
