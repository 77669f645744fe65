// The demo's own certificate authority: TLS on localhost without anybody's help.
#pragma once

#include <string>

namespace hg::crypto {

struct DemoCertificates {
  std::string authority_pem;    // its key is thrown away
  std::string certificate_pem;  // for localhost, 127.0.0.1 and ::1
  std::string key_pem;
};

DemoCertificates make_demo_certificates();

}  // namespace hg::crypto
