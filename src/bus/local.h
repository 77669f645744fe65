// The bus within one process.
#pragma once

#include <list>
#include <mutex>

#include "base/metrics.h"
#include "bus/bus.h"

namespace hg::bus {

class Local final : public Bus {
 public:
  void publish(std::vector<Message> messages) override;
  // Messages so far.
  [[nodiscard]] std::uint64_t published() const { return published_.value(); }
  std::shared_ptr<void> subscribe(std::int64_t first, std::int64_t last, Post post, Handler handler) override;

 private:
  struct Subscriber;
  std::mutex mutex_;
  metrics::Counter published_;
  std::list<std::weak_ptr<Subscriber>> subscribers_;
};

}  // namespace hg::bus
