// The simulated services, listening.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "base/result.h"
#include "base/time.h"
#include "net/loop.h"
#include "pushsim/reception.h"
#include "pushsim/services.h"
#include "pushsim/smtp.h"
#include "pushsim/world.h"

namespace hg::pushsim {

struct Options {
  // ADDR:PORT; port 0: chosen by the system. Those left empty are the ports that follow `listen`, or chosen as well.
  std::string listen = "127.0.0.1:8090", tls_listen = {}, apns_listen = {}, apns_sandbox_listen = {}, smtp_listen = {};
  std::string credentials = {};  // a folder; empty: none is kept
  std::uint64_t seed = 1;        // of the proportions
  std::size_t keep = 20'000;     // requests to be inspected
  bool fcm_quotas = false;
  smtp::Demands smtp = {};
};

class Simulator {
 public:
  // Code::property_invalid or Code::unavailable: an address that cannot be listened at, a folder that cannot be used.
  static Result<std::unique_ptr<Simulator>> open(const Options& options, const Clock& clock);

  [[nodiscard]] World& world() { return world_; }
  // Until stop(), which may be called from any thread.
  void run() { loop_.run(); }
  void stop() { loop_.stop(); }
  // Ends run() when the process is told to stop.
  void stop_at_signals();

 private:
  Simulator(const Options& options, const Clock& clock);
  Result<void> listen(const Options& options);

  World world_;
  GoawayEverywhere goaway_;
  std::unique_ptr<Reception> reception_;
  net::Loop loop_;  // last: its connections refer to the rest
};

}  // namespace hg::pushsim
