// Where the simulator listens, as its clients name it.
#pragma once

#include <string>

namespace hg::pushsim {

struct Addresses {
  std::string http = {};          // "http://127.0.0.1:8090"
  std::string https = {};         // "https://localhost:8091", HTTP/2 and HTTP/1.1
  std::string apns = {};          // "https://localhost:8092", HTTP/2: production
  std::string apns_sandbox = {};  // likewise
  std::string smtp = {};          // "localhost:8094"
};

}  // namespace hg::pushsim
