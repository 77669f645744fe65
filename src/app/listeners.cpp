#include "app/listeners.h"

#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <tuple>

#include "api/hosts.h"

namespace hg::app {

namespace {

bool public_name(const std::string& url) { return !url.empty() && !api::is_loopback_origin(url); }

}  // namespace

bool Listeners::tls() const { return std::ranges::any_of(endpoints, &Endpoint::tls); }

Result<Listeners> listeners_of(const Config& config, bool demo) {
  Listeners all;
  if (!config.listen.empty()) {
    HG_TRY(auto plain, parse_endpoint(config.listen, "listen"));
    if (!plain.loopback() && !config.behind_tls_proxy)
      return fail(Code::property_invalid, fmt::format("{} would serve plain HTTP to the network; use --tls-listen, or "
                                                      "--behind-tls-proxy where a proxy in front speaks TLS",
                                                      config.listen));
    if (!plain.loopback() && demo) return fail(Code::property_invalid, "demo data is served on loopback only");
    all.endpoints.push_back(std::move(plain));
  }
  if (!config.tls_listen.empty()) {
    HG_TRY(auto secure, parse_endpoint(config.tls_listen, "tls_listen"));
    secure.tls = true;
    all.endpoints.push_back(std::move(secure));
  }
  if (all.endpoints.empty()) return fail(Code::property_missing, "nothing to listen on: set listen or tls_listen");
  all.operators_apart = !config.admin_listen.empty() || config.behind_tls_proxy || public_name(config.public_url) ||
                        !std::ranges::all_of(all.endpoints, &Endpoint::loopback);
  if (!config.admin_listen.empty()) {
    HG_TRY(auto operators, parse_endpoint(config.admin_listen, "admin_listen"));
    operators.operators = true;
    operators.tls = !operators.loopback() && !config.behind_tls_proxy;
    all.endpoints.push_back(std::move(operators));
  }
  return all;
}

Result<api::Proxies> proxies_of(const Config& config) {
  if (config.behind_tls_proxy && config.trusted_proxies.empty()) return api::Proxies::unnamed();
  auto proxies = api::Proxies::parse(config.trusted_proxies);
  if (!proxies) return fail(Code::property_invalid, "trusted_proxies: " + proxies.error().message);
  return proxies;
}

Result<std::shared_ptr<net::TlsContext>> load_certificate(const Config& config, const DataFiles& files) {
  const std::string& certificate = config.tls_cert.empty() ? files.tls_certificate : config.tls_cert;
  const std::string& key = config.tls_key.empty() ? files.tls_key : config.tls_key;
  struct stat info{};
  for (const auto& [file, name, flag] :
       {std::tuple(&certificate, "tls_cert", "--tls-cert"), {&key, "tls_key", "--tls-key"}})
    if (::stat(file->c_str(), &info) != 0)
      return fail(Code::not_found, fmt::format("{} cannot be read: {}; HTTPS wants it, {} or {} names another", *file,
                                               why(), name, flag));
  if ((info.st_mode & S_IRWXO) != 0)
    return fail(Code::property_invalid, fmt::format("{} may be read by others; chmod o= {}", key, key));
  return net::TlsContext::load(certificate, key);
}

}  // namespace hg::app
