#include "bus/local.h"

#include <algorithm>
#include <array>
#include <atomic>

namespace hg::bus {

// How many ears follow each group.
struct Local::Groups {
  explicit Groups(Followed told) : followed(std::move(told)) {}

  // Told under the lock, so that what is told is in order.
  void change(int group, int by) {
    const std::scoped_lock lock(mutex);
    auto& count = counts.at(static_cast<std::size_t>(group));
    const bool before = count > 0;
    count += by;
    if (followed && before != (count > 0)) followed(group, count > 0);
  }

  const Followed followed;
  std::mutex mutex;
  std::array<int, kGroups> counts{};
};

// What is known of a listener, also by those who publish meanwhile.
struct Local::Ear {
  using Count = std::atomic<std::uint32_t>;

  Post post;
  Handler handler;
  std::atomic<bool> gone = false;  // set on the listener's loop, asked there before each call
  std::array<Count, kGroups> follows{};

  [[nodiscard]] Count& at(int group) { return follows.at(static_cast<std::size_t>(group)); }
  [[nodiscard]] const Count& at(int group) const { return follows.at(static_cast<std::size_t>(group)); }
  // From any thread.
  [[nodiscard]] bool wants(const Message& message) const {
    if (const auto* feed = feed_of(message)) return at(group_of(*feed)) > 0;
    if (const auto* missed = std::get_if<Missed>(&message)) return missed->group < 0 || at(missed->group) > 0;
    return true;
  }
};

class Local::Token final : public Listener {
 public:
  Token(std::shared_ptr<Ear> ear, std::shared_ptr<Groups> groups) : ear_(std::move(ear)), groups_(std::move(groups)) {}
  ~Token() override {
    ear_->gone = true;
    for (int group = 0; group < kGroups; ++group)
      if (ear_->at(group) > 0) groups_->change(group, -1);
  }
  Token(const Token&) = delete;
  Token& operator=(const Token&) = delete;

  void follow(const FeedKey& feed) override {
    if (ear_->at(group_of(feed)).fetch_add(1) == 0) groups_->change(group_of(feed), 1);
  }
  void unfollow(const FeedKey& feed) override {
    if (ear_->at(group_of(feed)).fetch_sub(1) == 1) groups_->change(group_of(feed), -1);
  }

 private:
  const std::shared_ptr<Ear> ear_;
  const std::shared_ptr<Groups> groups_;
};

Local::Local(Followed followed) : groups_(std::make_shared<Groups>(std::move(followed))) {}

void Local::publish(std::vector<Message> messages) {
  published_.add(messages.size());
  deliver(std::move(messages));
}

void Local::deliver(std::vector<Message> messages) {
  std::vector<std::shared_ptr<Ear>> concerned;
  {
    const std::scoped_lock lock(mutex_);
    for (const auto& weak : ears_) {
      auto ear = weak.lock();
      if (ear && std::ranges::any_of(messages, [&](const Message& m) { return ear->wants(m); }))
        concerned.push_back(std::move(ear));
    }
  }
  const auto shared = std::make_shared<const std::vector<Message>>(std::move(messages));
  for (const auto& ear : concerned) {
    ear->post([ear, shared] {
      for (const auto& message : *shared) {
        if (ear->gone) return;
        if (ear->wants(message)) ear->handler(message);
      }
    });
  }
}

std::shared_ptr<Listener> Local::subscribe(Post post, Handler handler) {
  const auto ear = std::make_shared<Ear>(std::move(post), std::move(handler));
  const std::scoped_lock lock(mutex_);
  std::erase_if(ears_, [](const auto& weak) { return weak.expired(); });
  ears_.push_back(ear);
  return std::make_shared<Token>(ear, groups_);
}

void Local::measure(metrics::Page& page) const {
  page.counter("heliograph_bus_messages_total", "Messages that were made here.", published_.value());
}

}  // namespace hg::bus
