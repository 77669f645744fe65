// FCM's bounds on messages to a project and to a device
// (firebase.google.com/docs/cloud-messaging/throttling-and-quotas): counted in windows that begin with the first
// message, not with the clock's minute.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "base/time.h"

namespace hg::pushsim {

class Quotas {
 public:
  static constexpr std::int64_t kProjectMinute = 600'000, kDeviceMinute = 240, kDeviceHour = 5'000;

  struct Exceeded {
    std::string subject, description;  // as google.rpc.QuotaFailure has them
    Duration pause{};                  // until the window ends
  };

  // Counts a message; where that is one too many it is not counted. `device` empty: to none in particular.
  std::optional<Exceeded> take(std::string_view project, std::string_view device, Time now);

 private:
  struct Window {
    Time end{};
    std::int64_t count = 0;
  };
  struct Bound {
    std::string key, subject;
    std::string_view description;
    Duration length{};
    std::int64_t most = 0;
  };

  void forget(Time now);
  std::map<std::string, Window> windows_;
};

}  // namespace hg::pushsim
