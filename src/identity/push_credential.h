// The credentials that an app shows to a push platform: read from what an operator gives, checked as far as that can be
// without asking the platform. What is secret of them is never given out again.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "base/json.h"
#include "base/result.h"
#include "base/time.h"
#include "model/subscription.h"

namespace hg::identity {

struct PushCredential {
  model::ChannelKind platform = model::ChannelKind::live;
  std::vector<std::string> app_ids = {};                        // platform app ids; empty: all that no other set names
  std::vector<std::pair<std::string, std::string>> facts = {};  // what anybody may see of it, by property
  std::string secrets = {};                                     // JSON, all that is needed; sealed at rest
};

// As an Apple developer account gives them: a .p8 key with its id, the team's id, and which environment it is for.
struct ApnsGiven {
  std::string key, key_id, team_id, environment;  // "production", "sandbox" or "both"
};
Result<PushCredential> read_credential(const ApnsGiven& given);
// Or a certificate, as `openssl pkcs12 -nodes` prints Apple's .p12: certificate, chain and private key, one PEM text.
struct ApnsCertificateGiven {
  std::string certificate, environment;
};
Result<PushCredential> read_credential(const ApnsCertificateGiven& given, Time now);
// The service account's JSON, parsed.
Result<PushCredential> read_credential(const json::object& service_account);
// With a tenant an Entra application, else the Store's Package SID.
struct WnsGiven {
  std::string client_id, client_secret, tenant;
};
Result<PushCredential> read_credential(const WnsGiven& given);
// Who sends Web Push messages, for the push services: mailto: or https:, reachable. The keys are the app's own.
struct WebPushGiven {
  std::string subject;
};
Result<PushCredential> read_credential(const WebPushGiven& given);

}  // namespace hg::identity
