#include "api/cookies.h"

#include <fmt/format.h>

namespace hg::api {

namespace {

bool secure(const Call& call) { return call.base.starts_with("https:"); }

// Browsers refuse the __Host- prefix over plain http.
std::string full_name(const Call& call, std::string_view name) {
  return (secure(call) ? "__Host-" : "") + std::string(name);
}

void write(const Call& call, net::Response& response, std::string_view name, std::string_view value,
           std::string_view more) {
  response.headers.add("Set-Cookie", fmt::format("{}={}; Path=/; HttpOnly; SameSite=Lax{}{}", full_name(call, name),
                                                 value, secure(call) ? "; Secure" : "", more));
}

}  // namespace

std::string cookie(const Call& call, std::string_view name) {
  const std::string wanted = full_name(call, name) + "=";
  for (const auto& field : call.request.headers) {
    if (!equal_ignoring_case(field.name, "Cookie")) continue;
    for (std::string_view rest = field.value; !rest.empty();) {
      const std::size_t end = std::min(rest.find(';'), rest.size());
      const std::string_view one = trim(rest.substr(0, end));
      rest.remove_prefix(std::min(end + 1, rest.size()));
      if (one.starts_with(wanted)) return std::string(one.substr(wanted.size()));
    }
  }
  return "";
}

void set_cookie(const Call& call, net::Response& response, std::string_view name, std::string_view value) {
  write(call, response, name, value, "");
}

void clear_cookie(const Call& call, net::Response& response, std::string_view name) {
  write(call, response, name, "", "; Max-Age=0");
}

}  // namespace hg::api
