// The folder of a simulator that is to be the same after a restart: certificate and credentials. Without one they are
// made for this run.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "net/tls.h"
#include "pushsim/addresses.h"
#include "pushsim/credentials.h"

namespace hg::pushsim {

struct Kept {
  std::shared_ptr<net::TlsContext> web, apple;  // the same certificate; HTTP/2 or HTTP/1.1, and HTTP/2 alone
  std::vector<App> apps;
};

// What `folder` holds; what is missing there is made. Code::property_invalid: it holds something else, or cannot be
// written.
Result<Kept> open_folder(const std::string& folder);

// credentials.json, apns.p8 and fcm-service-account.json, as their users want them: some name the addresses.
Result<void> write_credentials(const std::string& folder, const std::vector<App>& apps, const Addresses& addresses);

}  // namespace hg::pushsim
