#include "api/client_info.h"

#include "base/encoding.h"

namespace hg::api {
namespace {

constexpr std::size_t kLongest = 256;

}  // namespace

ClientInfo parse_client_info(std::string_view header) {
  ClientInfo info;
  while (!header.empty()) {
    const std::size_t semicolon = header.find(';');
    const std::string_view pair = trim(header.substr(0, semicolon));
    header = semicolon == std::string_view::npos ? std::string_view{} : header.substr(semicolon + 1);
    const std::size_t equals = pair.find('=');
    if (equals == std::string_view::npos) continue;
    const std::string_view name = trim(pair.substr(0, equals));
    const std::string_view value = trim(pair.substr(equals + 1));
    if (value.size() > kLongest || !valid_utf8(value)) continue;
    if (equal_ignoring_case(name, "lcid")) info.locale = value;
    if (equal_ignoring_case(name, "deviceModel")) info.device_model = value;
  }
  return info;
}

}  // namespace hg::api
