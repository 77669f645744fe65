// The doctor on the network: certificate, listeners, the public address, the bus.
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <netdb.h>
#include <sys/socket.h>
#include <unistd.h>

#include <boost/url/parse.hpp>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <memory>
#include <sstream>

#include "app/bus.h"
#include "app/endpoints.h"
#include "app/listeners.h"
#include "cli/doctor.h"
#include "crypto/certificate.h"

namespace hg::cli {

namespace {

std::string text_of(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}

// Scheme and host of an URL; empty where it is none.
struct Address {
  std::string scheme, host;
  [[nodiscard]] bool loopback() const {
    return host == "localhost" || host == "::1" || host == "[::1]" || host.starts_with("127.");
  }
};
Address address_of(const std::string& url) {
  const auto parsed = boost::urls::parse_uri(url);
  if (!parsed) return {};
  return {parsed->scheme(), parsed->host_address()};
}

using Addresses = std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)>;
Addresses look_up(const std::string& host, const std::string& port, std::string& why) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  const int result = ::getaddrinfo(host.c_str(), port.empty() ? nullptr : port.c_str(), &hints, &found);
  if (result != 0) why = ::gai_strerror(result);
  return {result == 0 ? found : nullptr, &::freeaddrinfo};
}

// Binds or connects a socket of its own; "" where that goes.
using Try = int (*)(int, const sockaddr*, socklen_t);
std::string tried(const app::Endpoint& endpoint, Try attempt) {
  std::string why;
  const Addresses addresses = look_up(endpoint.address, std::to_string(endpoint.port), why);
  if (!addresses) return why;
  const int descriptor = ::socket(addresses->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const int yes = 1;
  ::setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
  if (attempt(descriptor, addresses->ai_addr, addresses->ai_addrlen) != 0) why = std::strerror(errno);
  ::close(descriptor);
  return why;
}

void check_listener(const Patient& patient, const std::string& text, const std::string& key, Findings& findings) {
  const auto endpoint = app::parse_endpoint(text, key);
  if (!endpoint) {
    findings.push_back({"listeners", Health::fail, endpoint.error().message, fmt::format("set {} to ADDR:PORT", key)});
    return;
  }
  if (key == "listen" && !endpoint->loopback() && !patient.config.behind_tls_proxy) {
    findings.push_back({"listeners", Health::fail, text + " would serve plain HTTP to the network",
                        "set tls_listen in its place, or behind_tls_proxy = true"});
    return;
  }
  const bool running = app::is_served(patient.files);
  const std::string why = tried(*endpoint, running ? &::connect : &::bind);
  if (why.empty()) {
    findings.push_back({"listeners", Health::ok, fmt::format("{} {}", text, running ? "answers" : "is free")});
  } else if (running) {
    findings.push_back(
        {"listeners", Health::warn,
         fmt::format("the running server is not on {} ({}); it may have been started with other flags", text, why),
         "give doctor the server's --config"});
  } else {
    const bool denied = endpoint->port < 1024 && why == std::strerror(EACCES);
    findings.push_back({"listeners", Health::fail, fmt::format("{} cannot be listened on: {}", text, why),
                        denied ? "setcap cap_net_bind_service=+ep the program, or AmbientCapabilities in its unit"
                               : fmt::format("set {} to another port; who has it: ss -ltnp", key)});
  }
}

}  // namespace

void check_certificate(const Patient& patient, Findings& findings) {
  const auto& config = patient.config;
  const std::string certificate = config.tls_cert.empty() ? patient.files.tls_certificate : config.tls_cert;
  const std::string key = config.tls_key.empty() ? patient.files.tls_key : config.tls_key;
  const std::string pem = text_of(certificate);
  const bool wanted = !config.tls_listen.empty() || !config.tls_cert.empty();
  const std::string replace =
      fmt::format("put one at {} and its key at {}, then kill -HUP the server", certificate, key);
  if (pem.empty() && !wanted) {
    findings.push_back({"certificate", Health::ok, "none: no HTTPS is served"});
    return;
  }
  const auto facts = crypto::certificate_facts(pem);
  if (!facts) {
    findings.push_back({"certificate", Health::fail, certificate + " holds no readable PEM certificate", replace});
    return;
  }
  const std::string evidence =
      fmt::format("{} for {}, until {}", certificate, fmt::join(facts->names, ", "), iso(facts->not_after));
  const Address address = address_of(config.public_url);
  if (!crypto::is_key_of(pem, text_of(key))) {
    findings.push_back(
        {"certificate", Health::fail, fmt::format("{} is not the key of {}", key, certificate), replace});
  } else if (facts->not_after <= patient.now) {
    findings.push_back({"certificate", Health::fail, "it has ended: " + evidence, replace});
  } else if (facts->not_before > patient.now) {
    findings.push_back(
        {"certificate", Health::fail, "it begins at " + iso(facts->not_before) + ": " + evidence, replace});
  } else if (address.scheme == "https" && !config.behind_tls_proxy && !crypto::covers_host(pem, address.host)) {
    findings.push_back(
        {"certificate", Health::fail, fmt::format("it is not for {}: {}", address.host, evidence), replace});
  } else if (facts->not_after <= patient.now + kSoon) {
    findings.push_back({"certificate", Health::warn, "it ends soon: " + evidence, replace});
  } else {
    findings.push_back({"certificate", Health::ok, evidence});
  }
}

void check_listeners(const Patient& patient, Findings& findings) {
  const auto& config = patient.config;
  if (!config.listen.empty()) check_listener(patient, config.listen, "listen", findings);
  if (!config.tls_listen.empty()) check_listener(patient, config.tls_listen, "tls_listen", findings);
  if (!config.admin_listen.empty()) check_listener(patient, config.admin_listen, "admin_listen", findings);
  if (config.listen.empty() && config.tls_listen.empty())
    findings.push_back({"listeners", Health::fail, "nothing to listen on", "set listen or tls_listen"});
  const std::string fix = "trusted_proxies = [\"127.0.0.1\"]: the addresses of proxies that set X-Forwarded-For";
  if (const auto proxies = app::proxies_of(config); !proxies)
    findings.push_back({"listeners", Health::fail, proxies.error().message, fix});
  else if (config.behind_tls_proxy && !proxies->named())
    findings.push_back(
        {"listeners", Health::warn, "who calls through the proxy is not known: nobody is limited by address", fix});
}

void check_public_url(const Patient& patient, Findings& findings) {
  const auto& config = patient.config;
  const std::string fix = "public_url = \"https://HOST\" in the configuration, or --public-url";
  if (config.public_url.empty()) {
    const auto endpoint = app::parse_endpoint(config.tls_listen.empty() ? config.listen : config.tls_listen, "listen");
    const bool local = !endpoint || endpoint->loopback();
    findings.push_back({"public url", local ? Health::ok : Health::warn,
                        local ? "none: links name the address that was asked" : "none, though others may reach it",
                        local ? "" : fix});
    return;
  }
  const Address address = address_of(config.public_url);
  if ((address.scheme != "http" && address.scheme != "https") || address.host.empty()) {
    findings.push_back({"public url", Health::fail, config.public_url + " is no http(s) URL", fix});
  } else if (address.scheme == "http" && !address.loopback()) {
    findings.push_back(
        {"public url", Health::fail, config.public_url + " is plain HTTP: tokens would travel readable", fix});
  } else if (std::string why; !look_up(address.host, "", why)) {
    findings.push_back({"public url", Health::warn, fmt::format("{} is not found from here: {}", address.host, why),
                        "give the name an address in the DNS"});
  } else {
    findings.push_back({"public url", Health::ok, config.public_url});
  }
}

void check_bus(const Patient& patient, Findings& findings) {
  if (patient.config.bus.empty()) {
    findings.push_back({"bus", Health::ok, "none: one node alone"});
    return;
  }
  const auto options = app::nats_of(patient.config);
  if (!options) {
    findings.push_back(
        {"bus", Health::fail, options.error().message, "bus = \"nats://HOST:PORT\" in the configuration"});
    return;
  }
  std::vector<std::string> servers;  // without what they are shown
  for (const auto& one : options->servers) {
    const auto from = std::max(one.find("://") + 3, one.find('@') + 1);
    servers.push_back(one.substr(from));
  }
  if (patient.offline) {
    findings.push_back({"bus", Health::ok, fmt::format("NATS at {}, not asked", fmt::join(servers, ", "))});
    return;
  }
  if (const auto why = bus::Nats::reach(*options); !why.empty()) {
    findings.push_back({"bus", Health::fail, fmt::format("NATS at {}: {}", fmt::join(servers, ", "), why),
                        "start NATS, or mend bus, bus_credentials or bus_authorities; until then other nodes hear of "
                        "changes within a minute only"});
    return;
  }
  findings.push_back({"bus", Health::ok, fmt::format("NATS at {} lets us in", fmt::join(servers, ", "))});
}

}  // namespace hg::cli
