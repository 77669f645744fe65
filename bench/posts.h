// Posts through the writer, with nothing around it.
#pragma once

#include <unistd.h>

#include <boost/asio/io_context.hpp>

#include "base/spawn.h"
#include "bus/local.h"
#include "feed/writer.h"
#include "load/measure.h"
#include "sample.h"

namespace hg::bench {

using Steady = std::chrono::steady_clock;

// One thread keeps so many posts in flight, each to the next feed.
class Posts {
 public:
  Posts(feed::Writer& writer, std::vector<FeedKey> feeds, double seconds, int server)
      : writer_(writer),
        feeds_(std::move(feeds)),
        seconds_(seconds),
        warm_(Steady::now() + std::chrono::milliseconds(500)),
        end_(warm_ + std::chrono::duration_cast<Steady::duration>(std::chrono::duration<double>(seconds))),
        server_({server}) {}

  json::object run(std::size_t in_flight) {
    boost::asio::io_context loop(1);
    for (std::size_t i = 0; i < in_flight; ++i)
      spawn(loop.get_executor(), post_on(), [](const std::exception_ptr& fault) {
        if (fault) std::rethrow_exception(fault);
      });
    loop.run();
    const auto each = [&](auto before, auto after) {
      return static_cast<double>((after - before).count()) / static_cast<double>(figures_.operations);
    };
    figures_.seconds = seconds_;
    figures_.cpu_us = each(before_.value().mine, after_.value().mine);
    figures_.p50_ms = latencies_.at(0.5);
    figures_.p99_ms = latencies_.at(0.99);
    auto out = figures_.json();
    out["storeCpuUs"] = each(before_->servers, after_->servers);
    return out;
  }

 private:
  struct Cpu {
    std::chrono::microseconds mine, servers;
  };
  [[nodiscard]] Cpu cpu() const { return {self_.cpu(), server_.cpu()}; }

  // One after the other until it is over.
  boost::asio::awaitable<void> post_on() {
    for (auto now = Steady::now(); now < end_;) {
      const auto since = now;
      const auto answer = co_await writer_.apply(post());
      now = Steady::now();
      if (!answer) ++figures_.failed;
      if (now < warm_) continue;
      if (!before_) before_ = cpu();
      if (now < end_) {
        ++figures_.operations;
        latencies_.add(now - since);
      } else if (!after_) {
        after_ = cpu();
      }
    }
  }

  model::ChangeRequest post() {
    model::ChangeRequest request;
    request.feed = feeds_[number_++ % feeds_.size()];
    request.what = model::PostRequest{.id = NotificationId{crypto::random_guid()},
                                      .content = like_.content,
                                      .request_id = like_.request_id,
                                      .fingerprint = like_.fingerprint};
    request.application = like_.posted_by;
    request.now = SystemClock().now();
    return request;
  }

  feed::Writer& writer_;
  const std::vector<FeedKey> feeds_;
  const double seconds_;
  const Steady::time_point warm_, end_;
  const load::Processes self_{{::getpid()}}, server_;
  std::optional<Cpu> before_, after_;
  const model::Notification like_ = sample(SystemClock().now(), 1);
  std::uint64_t number_ = 0;
  load::Figures figures_;
  load::Latencies latencies_;
};

}  // namespace hg::bench
