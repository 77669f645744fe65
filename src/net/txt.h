// TXT records of the DNS.
#pragma once

#include <expected>
#include <string>
#include <vector>

namespace hg::net {

// All of a name, each with its pieces put together; or a sentence why there are none. Asks the system's name servers,
// or `server` ("127.0.0.1:5353", IPv4). Blocks, for some seconds where nobody answers.
std::expected<std::vector<std::string>, std::string> txt_records(const std::string& name, const std::string& server);

}  // namespace hg::net
