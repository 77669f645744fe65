// Web Push (RFC 8030), encrypted (RFC 8291), signed by the app's VAPID key (RFC 8292). Endpoints are URLs that users
// bring: they are judged before anything is sent to them.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "crypto/ece.h"
#include "net/client.h"
#include "net/reach.h"
#include "push/platforms.h"
#include "push/sender.h"

namespace hg::push {

// A browser's PushSubscription, read. Without keys nothing can be said to it: a message only wakes it.
struct PushEndpoint {
  std::string url;
  net::Url parts;
  std::optional<crypto::PushKeys> keys;
};
// Code::property_invalid: no https URL of a host by name at its usual port, of none of `hosts` where there are any, or
// keys that are none. `loopback`: on this machine any port and address is taken.
Result<PushEndpoint> read_endpoint(const model::Channel& channel, bool loopback,
                                   const std::vector<std::string>& hosts = {});

// Without Authorization; `encrypted`: has a body.
net::Headers webpush_headers(const Message& message, bool encrypted);
std::string webpush_text(const Message& message);
Verdict judge_webpush(const net::Answer& answer, const PushEndpoint& endpoint, Time now);

Result<void> read(const WebPushCredentials& credentials);
Result<std::shared_ptr<Sender>> make(Workshop& workshop, const WebPushCredentials& credentials);

}  // namespace hg::push
