// A world with one app of each kind, a clock that stands still, and requests to it.
#pragma once

#include <string>
#include <string_view>
#include <utility>

#include "base/encoding.h"
#include "crypto/jwt.h"
#include "pushsim/exchange.h"
#include "pushsim/world.h"

namespace hg::pushsim {

struct StandingClock final : Clock {
  Time time = *parse_iso("2026-11-25T12:00:00Z");
  [[nodiscard]] Time now() const override { return time; }
};

inline std::int64_t seconds(Time time) { return to_ms(time) / 1000; }

struct Stage {
  Stage() : world(clock, 1, 1000) {
    static const std::vector<App> apps = new_apps();  // RSA keys take their time
    world.apps = apps;
    world.apps.reserve(16);  // references to them stay good while some are added
    world.addresses = {"http://127.0.0.1:1", "https://localhost:2", "https://localhost:3", "https://localhost:4",
                       "127.0.0.1:5"};
  }

  [[nodiscard]] const App& app(Platform platform, bool app_sdk = false) const {
    for (const App& one : world.apps)
      if (one.platform == platform && one.tenant.empty() != app_sdk) return one;
    throw std::logic_error("no such app");
  }
  Endpoint& endpoint(Platform platform, const std::string& app) {
    return **world.endpoints.add(platform, {}, app, clock.now());
  }
  // The last that was written down.
  [[nodiscard]] json::object last() const { return world.journal.find({}).at("value").as_array().back().as_object(); }
  // What was wrong with it, in words.
  [[nodiscard]] std::string problem() const { return std::string(last().at("problems").as_array().at(0).as_string()); }

  StandingClock clock;
  World world;
};

inline Call call(std::string_view method, std::string_view target, std::vector<net::Field> headers, std::string body) {
  Call made{.door = Door::secure};
  made.request.method = method;
  made.request.set_target(target);
  made.request.scheme = "https";
  made.request.headers.add("Host", "localhost:2");
  for (const net::Field& field : headers) made.request.headers.add(field.name, field.value);
  made.request.body = std::move(body);
  return made;
}

inline json::object body_of(const Answer& answer) { return json::parse(answer.response.body).as_object(); }

}  // namespace hg::pushsim
