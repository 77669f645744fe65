// What an app shows to a push platform, made of what the store keeps of it.
#pragma once

#include <string>

#include "crypto/seal.h"
#include "push/platforms.h"
#include "store/credentials.h"
#include "store/cross_device.h"

namespace hg::delivery {

// In clear; of Web Push the subject alone, for the keys are the app's. `key`: that sealed it; one that did not is a
// fault. `topic`: what the app is called at Apple.
push::Credentials opened(const store::Credential& credential, const crypto::SealingKey& key,
                         const std::string& topic = {});

// Of an app's Web Push messages, where it was given none: push services want to reach somebody.
std::string default_subject(const store::CrossDeviceApp& app);

}  // namespace hg::delivery
