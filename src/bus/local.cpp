#include "bus/local.h"

#include <algorithm>

namespace hg::bus {

struct Local::Subscriber {
  std::int64_t first, last;
  Post post;
  Handler handler;

  [[nodiscard]] bool wants(const Message& message) const {
    if (const auto* moved = std::get_if<Moved>(&message)) return covers(moved->feed);
    if (const auto* ended = std::get_if<Ended>(&message)) return covers(ended->feed);
    return true;
  }
  [[nodiscard]] bool covers(const FeedKey& feed) const { return feed.shard() >= first && feed.shard() <= last; }
};

void Local::publish(std::vector<Message> messages) {
  published_.add(messages.size());
  std::vector<std::shared_ptr<Subscriber>> concerned;
  {
    const std::scoped_lock lock(mutex_);
    for (const auto& weak : subscribers_) {
      auto subscriber = weak.lock();
      if (subscriber && std::ranges::any_of(messages, [&](const Message& m) { return subscriber->wants(m); })) {
        concerned.push_back(std::move(subscriber));
      }
    }
  }
  const auto shared = std::make_shared<const std::vector<Message>>(std::move(messages));
  for (const auto& subscriber : concerned) {
    // Held weakly: a token destroyed on its loop ends the calls, also those that are already posted.
    subscriber->post([weak = std::weak_ptr(subscriber), shared] {
      for (const auto& message : *shared) {
        const auto alive = weak.lock();
        if (!alive) return;
        if (alive->wants(message)) alive->handler(message);
      }
    });
  }
}

std::shared_ptr<void> Local::subscribe(std::int64_t first, std::int64_t last, Post post, Handler handler) {
  auto subscriber = std::make_shared<Subscriber>(Subscriber{first, last, std::move(post), std::move(handler)});
  const std::scoped_lock lock(mutex_);
  std::erase_if(subscribers_, [](const auto& weak) { return weak.expired(); });
  subscribers_.push_back(subscriber);
  return subscriber;
}

}  // namespace hg::bus
