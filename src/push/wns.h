// Windows Push Notification Services: toasts and raw notifications over HTTP/1.1
// (https://learn.microsoft.com/windows/apps/develop/notifications/push-notifications).
#pragma once

#include <memory>
#include <string>

#include "net/client.h"
#include "push/platforms.h"
#include "push/sender.h"

namespace hg::push {

std::string wns_payload(const Message& message);
// Without the bearer token.
net::Headers wns_headers(const Message& message);
Verdict judge_wns(const net::Answer& answer, Time now);

Result<void> read(const WnsCredentials& credentials);
Result<std::shared_ptr<Sender>> make(Workshop& workshop, const WnsCredentials& credentials);

}  // namespace hg::push
