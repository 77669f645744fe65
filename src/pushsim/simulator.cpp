#include "pushsim/simulator.h"

#include <fmt/format.h>

#include <boost/asio/signal_set.hpp>
#include <charconv>
#include <csignal>
#include <utility>

#include "pushsim/folder.h"

namespace hg::pushsim {

namespace {

struct Place {
  std::string address;
  std::uint16_t port = 0;
};

Result<Place> place_of(const std::string& text) {
  const auto colon = text.rfind(':');
  Place place{.address = text.substr(0, colon)};
  if (place.address.starts_with('[') && place.address.ends_with(']'))
    place.address = place.address.substr(1, place.address.size() - 2);
  const auto number = colon == std::string::npos ? std::string_view() : std::string_view(text).substr(colon + 1);
  const auto [end, error] = std::from_chars(number.data(), number.data() + number.size(), place.port);
  if (number.empty() || error != std::errc() || end != number.data() + number.size() || place.address.empty())
    return fail(Code::property_invalid, fmt::format("'{}' is not ADDR:PORT", text));
  return place;
}

}  // namespace

Simulator::Simulator(const Options& options, const Clock& clock) : world_(clock, options.seed, options.keep) {
  if (options.fcm_quotas) world_.fcm_quotas.emplace();
}

Result<std::unique_ptr<Simulator>> Simulator::open(const Options& options, const Clock& clock) {
  std::unique_ptr<Simulator> made(new Simulator(options, clock));
  HG_CHECK(made->listen(options));
  if (!options.credentials.empty())
    HG_CHECK(write_credentials(options.credentials, made->world_.apps, made->world_.addresses));
  return made;
}

Result<void> Simulator::listen(const Options& options) {
  HG_TRY(auto kept, open_folder(options.credentials));
  world_.apps = std::move(kept.apps);
  goaway_ = [this](Door door, std::string_view reason) { return reception_->say_goaway(door, reason); };
  const smtp::Service mail{world_, options.smtp, kept.web};
  reception_ = std::make_unique<Reception>(
      loop_, services(world_, goaway_), [mail](Visitor visitor) { return smtp::serve(std::move(visitor), mail); },
      kept.web, kept.apple);

  HG_TRY(const auto first, place_of(options.listen));
  const auto at = [&](Door door, const std::string& wish, int offset) -> Result<std::string> {
    Place place{first.address, static_cast<std::uint16_t>(first.port == 0 ? 0 : first.port + offset)};
    if (!wish.empty()) {
      HG_TRY(place, place_of(wish));
    }
    HG_TRY(const auto port, reception_->listen(door, place.address, place.port));
    // The certificate names localhost beside the loopback addresses; so do clients that verify it.
    const std::string host = door == Door::plain || door == Door::mail ? place.address : "localhost";
    return fmt::format("{}:{}", host.contains(':') ? "[" + host + "]" : host, port);
  };
  HG_TRY(const auto http, at(Door::plain, options.listen, 0));
  HG_TRY(const auto https, at(Door::secure, options.tls_listen, 1));
  HG_TRY(const auto apns, at(Door::apns, options.apns_listen, 2));
  HG_TRY(const auto sandbox, at(Door::apns_sandbox, options.apns_sandbox_listen, 3));
  HG_TRY(const auto smtp, at(Door::mail, options.smtp_listen, 4));
  world_.addresses = {"http://" + http, "https://" + https, "https://" + apns, "https://" + sandbox, smtp};
  return {};
}

void Simulator::stop_at_signals() {
  auto signals = std::make_shared<asio::signal_set>(loop_.context(), SIGTERM, SIGINT);
  signals->async_wait([this, signals](boost::system::error_code error, int) {
    if (!error) stop();
  });
}

}  // namespace hg::pushsim
