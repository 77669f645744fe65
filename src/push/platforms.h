// The platforms there are: a row of traits each, and how a Sender is made from an app's credentials.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "model/platform.h"
#include "push/sender.h"

namespace hg::push {

// Of every kind of channel, live too.
const model::Traits& traits(model::ChannelKind kind);

// As the vendors' consoles give them; texts as they are. Secrets: never logged, sealed at rest.
struct ApnsCredentials {
  std::string key = {};  // .p8, PEM
  std::string key_id = {}, team_id = {};
  std::string certificate = {};            // in place of these: PEM, its private key in it
  std::string topic;                       // bundle id
  std::string environment = "production";  // of tokens that do not say: "production" or "sandbox"
};
struct FcmCredentials {
  std::string service_account;  // JSON
};
struct WnsCredentials {
  std::string client_id;  // Package SID ("ms-app://…") with the Store's token service, application id with Entra
  std::string client_secret;
  std::string tenant;  // Entra; "" for the Store's
};
struct WebPushCredentials {
  std::vector<std::string> keys;  // PKCS #8 DER: the present VAPID key, then retired ones that still sign
  std::string subject;            // mailto: or https:
};
// Of the deployment, not of an app.
struct MailRelay {
  std::string url;             // smtp://host:port or smtps://host:port
  std::string user, password;  // "": without
  std::string from_address, from_name;
};
using Credentials = std::variant<ApnsCredentials, FcmCredentials, WnsCredentials, WebPushCredentials, MailRelay>;
model::ChannelKind kind_of(const Credentials& credentials);

// Where the platforms are, and what may be reached.
struct Addresses {
  std::string apns = "https://api.push.apple.com", apns_sandbox = "https://api.sandbox.push.apple.com";
  std::string fcm = "https://fcm.googleapis.com";  // who gives tokens for it stands in the service account
  std::string wns_store_token = "https://login.live.com/accesstoken.srf";
  std::string wns_entra = "https://login.microsoftonline.com";
  // For development: loopback may be reached, on any port. Everything else private never.
  bool loopback = false;
  // Hosts that Web Push endpoints may be on, "push.example" or "*.push.example"; empty: any.
  std::vector<std::string> webpush_hosts = {};
  std::string authorities;  // PEM file of certificate authorities in place of the system's; "": the system's
};

// What senders share on one loop: connections, provider tokens, what is known of each destination (push/workshop.h).
class Workshop;

// Code::property_invalid where the credentials cannot be right whatever the platform says (a key that is none, a
// missing member): `target` names the member. `workshop` outlives the sender.
Result<std::shared_ptr<Sender>> make_sender(Workshop& workshop, const Credentials& credentials);
// The same judgement without a loop, for whoever stores credentials.
Result<void> check_credentials(const Credentials& credentials);

}  // namespace hg::push
