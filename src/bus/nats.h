// The bus between machines: NATS core. What is published is told in this process at once, and to other machines by a
// thread of the bus's own, so that nobody waits for the network. While NATS is away messages are kept, up to a bound;
// what was lost is made good by Missed.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "bus/bus.h"

namespace hg::bus {

class Nats final : public Bus {
 public:
  struct Options {
    std::vector<std::string> servers;  // nats://[USER:PASSWORD@|TOKEN@]HOST[:PORT] or tls://…
    std::string user = {}, password = {}, token = {};
    std::string authorities = {};  // PEM file of whom to trust for tls://; "": the system's
    std::string subjects;          // what their names begin with: the machines of one deployment share it
    // What travels, made for one subject alone and unreadable to others; nullopt: not of our making.
    std::function<std::string(std::string_view subject, std::string_view clear)> seal;
    std::function<std::optional<std::string>(std::string_view subject, std::string_view sealed)> open;
    std::size_t waiting = 8192;  // messages that wait for the bus's thread; beyond, they are lost
  };

  explicit Nats(Options options);
  ~Nats() override;  // what waits is sent first, where NATS is there
  Nats(const Nats&) = delete;
  Nats& operator=(const Nats&) = delete;

  void publish(std::vector<Message> messages) override;
  [[nodiscard]] std::shared_ptr<Listener> subscribe(Post post, Handler handler) override;
  [[nodiscard]] bool connected() const override;
  void measure(metrics::Page& page) const override;

  // Why `servers` cannot be used; "" where they can.
  static std::string mistake_in(const std::vector<std::string>& servers);
  // Connects once, with these options: "" or why not. Blocks, some seconds at the most; for commands.
  static std::string reach(const Options& options);

 private:
  class Talk;
  const std::shared_ptr<Talk> talk_;
};

}  // namespace hg::bus
