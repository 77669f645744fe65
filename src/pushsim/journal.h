// What came: every request to a simulated service, taken apart, with all that was wrong with it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/time.h"

namespace hg::pushsim {

enum class Platform : std::uint8_t { apns, fcm, wns, web_push, email };
std::string_view name(Platform platform);  // "apns", "fcm", "wns", "webPush", "email"
std::optional<Platform> parse_platform(std::string_view text);

enum class Outcome : std::uint8_t {
  accepted,
  refused,    // as the vendor would
  disturbed,  // by a fault that was asked for
};
std::string_view name(Outcome outcome);

struct Received {
  Platform platform = Platform::apns;
  std::string kind = "push";  // "push", "token" (of a token service), "withdraw" (DELETE of a queued message)
  std::string endpoint = {};  // its id, or what the request named where there is none
  int status = 0;             // of the answer; 0: there was none
  std::string reason = {};    // as the platform names it
  std::vector<std::string> problems = {};  // what was wrong, for people
  json::object details = {};               // headers that matter, claims, the payload: decrypted and parsed
  Outcome outcome = Outcome::refused;
  std::uint64_t number = 0;  // from 1, in the order they came
  Time at{};
};

struct Wanted {
  std::optional<Platform> platform = {};
  std::optional<std::string> endpoint = {}, kind = {};
  std::optional<Outcome> outcome = {};
  std::uint64_t since = 0;  // only numbers above
  std::size_t most = 1000;
};

class Journal {
 public:
  explicit Journal(std::size_t keep) : keep_(keep) {}

  // Beyond `keep` the oldest are forgotten, not uncounted.
  void add(Received received, Time now);
  // {"value": [...], "last": number}; the counts beside.
  [[nodiscard]] json::object find(const Wanted& wanted) const;
  // By platform and outcome; pushes only.
  [[nodiscard]] json::object counts() const;
  // Numbers go on.
  void clear();

 private:
  std::size_t keep_;
  std::uint64_t last_ = 0;
  std::deque<Received> received_;
  std::map<std::pair<Platform, Outcome>, std::uint64_t> counts_;
};

}  // namespace hg::pushsim
