#include "identity/redirect_uri.h"

#include <fmt/format.h>

#include <boost/url/parse.hpp>
#include <boost/url/url_view.hpp>

#include "base/encoding.h"

namespace hg::identity {

namespace {

namespace urls = boost::urls;

bool loopback(std::string_view host) { return host == "127.0.0.1" || host == "[::1]" || host == "localhost"; }

bool private_use(std::string_view scheme) {
  return scheme.find('.') != std::string_view::npos || scheme == "ms-app" || scheme == "msauth" ||
         scheme.starts_with("msal");
}

}  // namespace

Result<void> check_redirect_uri(std::string_view kind, std::string_view uri) {
  if (kind != "web" && kind != "spa" && kind != "native")
    return fail(Code::property_invalid, fmt::format("the kind \"{}\" of a redirect URI is web, spa or native", kind),
                "/kind");
  const auto parsed = urls::parse_uri(uri);
  if (!parsed || uri.size() > 2048)
    return fail(Code::property_invalid, fmt::format("\"{}\" is no absolute URI", uri), "/uri");
  if (parsed->has_fragment()) return fail(Code::property_invalid, "a redirect URI has no fragment (#…)", "/uri");
  if (parsed->has_userinfo() || uri.find('*') != std::string_view::npos)
    return fail(Code::property_invalid, "a redirect URI has neither user name nor wildcard", "/uri");
  const std::string_view scheme = parsed->scheme();
  const std::string_view host = parsed->encoded_host();
  if (scheme == "https" && !host.empty()) return {};
  if (scheme == "http" && loopback(host)) return {};
  if (kind == "native" && private_use(scheme)) return {};
  return fail(Code::property_invalid,
              kind == "native" ? "a native redirect URI is https, http on loopback, or of a private-use scheme with a "
                                 "dot (com.example.app:/…), ms-app, msauth or msal…"
                               : "a web or spa redirect URI is https, or http on loopback",
              "/uri");
}

std::string without_loopback_port(std::string_view uri) {
  const auto parsed = urls::parse_uri(uri);
  if (!parsed || parsed->scheme() != "http" || !loopback(std::string_view(parsed->encoded_host())) ||
      parsed->has_userinfo() || parsed->has_fragment() || (parsed->has_port() && parsed->port_number() == 0))
    return std::string(uri);
  std::string out = fmt::format("http://{}", std::string_view(parsed->encoded_host()));
  out += std::string_view(parsed->encoded_path());
  if (parsed->has_query()) out += fmt::format("?{}", std::string_view(parsed->encoded_query()));
  return out;
}

std::string_view registered_kind(const RedirectUris& registered, std::string_view uri) {
  for (const auto& [kind, known] : registered)
    if (known == uri) return kind;
  const std::string bare = without_loopback_port(uri);
  for (const auto& [kind, known] : registered)
    if (without_loopback_port(known) == bare) return kind;
  return "";
}

std::string origin_of(std::string_view uri) {
  const auto parsed = urls::parse_uri(uri);
  if (!parsed || (parsed->scheme() != "https" && parsed->scheme() != "http")) return "";
  return fmt::format("{}://{}", std::string_view(parsed->scheme()), std::string_view(parsed->encoded_host_and_port()));
}

}  // namespace hg::identity
