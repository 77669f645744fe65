// The bus within one process.
#pragma once

#include <list>
#include <mutex>

#include "bus/bus.h"

namespace hg::bus {

class Local final : public Bus {
 public:
  void publish(std::vector<Message> messages) override;
  std::shared_ptr<void> subscribe(std::int64_t first, std::int64_t last, Post post, Handler handler) override;

 private:
  struct Subscriber;
  std::mutex mutex_;
  std::list<std::weak_ptr<Subscriber>> subscribers_;
};

}  // namespace hg::bus
