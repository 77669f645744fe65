#include "load/calls.h"

#include <fmt/format.h>

namespace hg::load {

namespace {

using std::chrono::duration;

class Run {
 public:
  Run(Wire& wire, const Calls& calls, const Processes& server) : wire_(wire), calls_(calls), server_(server) {}

  Figures go() {
    begun_ = Steady::now();
    const auto after = [&](double seconds) {
      return begun_ + std::chrono::duration_cast<Steady::duration>(duration<double>(seconds));
    };
    const auto end = after(calls_.warm_up + calls_.seconds);
    if (calls_.warm_up == 0) count_from_now();
    for (std::size_t i = 0; i < calls_.connections && asked_ < calls_.most; ++i) {
      callers_.push_back({.connection = wire_.connect(calls_.to, [this](Connection& c) { came(c); })});
      callers_.back().connection->number = i;
      ask(callers_.back());
    }
    while (answered_ < asked_) {
      if (!counting_ && Steady::now() >= after(calls_.warm_up)) count_from_now();
      if (Steady::now() >= end) {
        if (!over_) stop_counting();
        over_ = true;
      }
      if (Steady::now() - last_ > std::chrono::seconds(60)) throw std::runtime_error("no answer for a minute");
      wire_.work(Steady::now() + std::chrono::milliseconds(20));
    }
    if (!over_) stop_counting();
    figures_.p50_ms = latencies_.at(0.5);
    figures_.p99_ms = latencies_.at(0.99);
    return figures_;
  }

 private:
  struct Caller {
    std::unique_ptr<Connection> connection;
    std::uint64_t number = 0;
    Steady::time_point since = {};
  };

  void count_from_now() {
    counting_ = true;
    cpu_ = server_.cpu();
    from_ = Steady::now();
  }

  void stop_counting() {
    counting_ = false;
    const auto spent = server_.cpu() - cpu_;
    figures_.seconds = duration<double>(Steady::now() - from_).count();
    if (figures_.operations > 0)
      figures_.cpu_us = static_cast<double>(spent.count()) / static_cast<double>(figures_.operations);
  }

  void ask(Caller& caller) {
    if (over_ || asked_ >= calls_.most) return;
    caller.number = asked_++;
    caller.since = Steady::now();
    caller.connection->send(calls_.request(caller.number));
  }

  void came(Connection& connection) {
    auto& caller = callers_[connection.number];
    if (const auto answer = whole_answer(connection.in)) {
      last_ = Steady::now();
      ++answered_;
      if (counting_) {
        ++figures_.operations;
        latencies_.add(last_ - caller.since);
      }
      if (answer->status != calls_.status) {
        if (figures_.failed++ == 0)
          fmt::print(stderr, "heliograph: the first refusal: {} {}\n", answer->status, answer->body.substr(0, 500));
      } else if (calls_.answered) {
        calls_.answered(caller.number, *answer);
      }
      connection.in.erase(0, answer->size);
      ask(caller);
    }
    if (connection.closed()) throw std::runtime_error("the server closed a connection in use");
  }

  Wire& wire_;
  const Calls& calls_;
  const Processes& server_;
  std::vector<Caller> callers_;
  std::uint64_t asked_ = 0, answered_ = 0;
  bool counting_ = false, over_ = false;
  Steady::time_point begun_, from_, last_ = Steady::now();
  std::chrono::microseconds cpu_{};
  Latencies latencies_;
  Figures figures_;
};

}  // namespace

Figures run(Wire& wire, const Calls& calls, const Processes& server) { return Run(wire, calls, server).go(); }

}  // namespace hg::load
