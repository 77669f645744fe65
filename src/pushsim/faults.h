// Misbehaviour on request: which of the good requests meet with what.
#pragma once

#include <cstdint>
#include <optional>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/result.h"
#include "base/time.h"
#include "pushsim/journal.h"

namespace hg::pushsim {

struct Fault {
  enum class Kind : std::uint8_t {
    none,               // but the latency
    status,             // `status`, in the platform's own words
    html,               // 502 with a page, as of a proxy in front
    reset,              // the connection, without a word
    hang,               // no answer, ever
    garbage,            // bytes that are no HTTP
    refuse_stream,      // HTTP/2: RST_STREAM(REFUSED_STREAM)
    goaway,             // HTTP/2: GOAWAY, this request and all after it undone
    gone,               // the endpoint is dead from now on
    expired,            // likewise, of old age
    dropped,            // WNS: 200 and X-WNS-Status: dropped
    channel_throttled,  // WNS: 200 and X-WNS-Status: channelthrottled
  };

  std::uint64_t id = 0;
  Kind kind = Kind::none;
  // Which requests: empty is any.
  std::optional<Platform> platform = {};
  std::string endpoint = {};
  std::string on = "push";                  // Received::kind
  double proportion = 1;                    // of them
  std::optional<std::uint64_t> times = {};  // how often at the most
  // What happens.
  Duration latency{0};
  bool after = false;  // it is accepted first, and kept; only the answer is lost
  int status = 503;
  std::string reason = {};
  std::optional<int> retry_after = {};  // seconds
};

class Faults {
 public:
  explicit Faults(std::uint64_t seed) : random_(seed) {}

  // {"fault": "status", "platform": "apns", "status": 429, "retryAfter": 2, "proportion": 0.05, …}, as docs/pushsim.md
  // has it. Code::property_invalid names what is not understood.
  Result<std::uint64_t> add(const json::object& wish);
  bool remove(std::uint64_t id);
  void clear() { faults_.clear(); }
  [[nodiscard]] json::array list() const;

  // The first that is due for such a request, counted as used.
  [[nodiscard]] std::optional<Fault> draw(Platform platform, std::string_view on, std::string_view endpoint);

 private:
  std::vector<Fault> faults_;
  std::uint64_t last_ = 0;
  std::mt19937_64 random_;
};

}  // namespace hg::pushsim
