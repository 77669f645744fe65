// Who may push: what each vendor would have given to a developer. Thrown away with the simulator, or kept in a folder
// so that a configured Heliograph goes on working after a restart.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/result.h"
#include "crypto/keys.h"
#include "pushsim/addresses.h"
#include "pushsim/journal.h"

namespace hg::pushsim {

struct App {
  Platform platform = Platform::apns;
  // APNs: the key id, or the certificate's SHA-256; FCM: the project; WNS: the client id (Store: the package SID);
  // e-mail: the user.
  std::string id = {};
  std::string team = {};                       // APNs
  std::vector<std::string> topics = {};        // APNs
  std::string environment = {};                // APNs: "production", "sandbox"; empty: both
  std::string certificate = {};                // APNs: in place of key and team, PEM with its private key
  std::string key_id = {}, account = {};       // FCM: the service account's key and address
  std::string tenant = {};                     // WNS: of the Windows App SDK; empty: a Store app
  std::string secret = {};                     // WNS, e-mail
  std::string subject = {};                    // Web Push: of the VAPID claims
  std::optional<crypto::PrivateKey> key = {};  // APNs, FCM, Web Push
};

// One of each kind: a Store app and a Windows App SDK app for WNS, a key and, last, a certificate for APNs.
std::vector<App> new_apps();
// {"platform": "apns", "topics": [...], ...}: a further one; what is left out is chosen. Code::property_invalid names
// what is not understood.
Result<App> new_app(const json::object& wish);

// Everything, secrets too: what is needed to push with it.
json::object as_json(const App& app, const Addresses& addresses);
// The other way round; Code::property_invalid for what as_json() never wrote.
Result<App> app_from(const json::object& text);

std::string pem_of(const crypto::PrivateKey& key);

}  // namespace hg::pushsim
