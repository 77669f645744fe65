// Firebase Cloud Messaging, HTTP v1 (https://firebase.google.com/docs/reference/fcm/rest/v1/projects.messages).
#pragma once

#include <memory>
#include <string>

#include "crypto/keys.h"
#include "net/client.h"
#include "push/platforms.h"
#include "push/sender.h"

namespace hg::push {

// What is read of a service account's JSON.
struct ServiceAccount {
  std::string project, email, key_id, token_uri;
  crypto::PrivateKey key;
};
// Code::property_invalid names the member that is missing or cannot be right.
Result<ServiceAccount> read_account(const FcmCredentials& credentials);

// 22 letters of base64url that begin as a Firebase installation id does; registration tokens are far longer.
bool is_installation_id(std::string_view address);

// `only_validate`: Google looks at it and sends nothing.
std::string fcm_payload(const Message& message, const std::string& address, bool only_validate = false);
Verdict judge_fcm(const net::Answer& answer, Time now);

Result<std::shared_ptr<Sender>> make(Workshop& workshop, const FcmCredentials& credentials);

}  // namespace hg::push
