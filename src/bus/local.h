// The bus within one process.
#pragma once

#include <functional>
#include <list>
#include <mutex>

#include "base/metrics.h"
#include "bus/bus.h"

namespace hg::bus {

class Local final : public Bus {
 public:
  // Told, on the loop of whoever follows or leaves, when the first listener follows a group and when the last has left.
  using Followed = std::function<void(int group, bool followed)>;

  explicit Local(Followed followed = {});

  void publish(std::vector<Message> messages) override;
  [[nodiscard]] std::shared_ptr<Listener> subscribe(Post post, Handler handler) override;
  [[nodiscard]] bool connected() const override { return true; }
  void measure(metrics::Page& page) const override;

  // The same as publish(), for what came from elsewhere: not counted.
  void deliver(std::vector<Message> messages);

 private:
  struct Groups;
  struct Ear;
  class Token;
  const std::shared_ptr<Groups> groups_;
  std::mutex mutex_;
  metrics::Counter published_;
  std::list<std::weak_ptr<Ear>> ears_;
};

}  // namespace hg::bus
