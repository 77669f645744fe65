#include "net/postman.h"

#include <future>

#include "base/spawn.h"

namespace hg::net {

namespace {

ClientOptions ended_by(const std::atomic<bool>& ending, ClientOptions options) {
  options.abandoned = &ending;
  return options;
}

}  // namespace

Postman::Postman(ClientOptions options) : client_(thread_[0].executor(), ended_by(ending_, std::move(options))) {
  thread_.start();
}

Postman::~Postman() {
  stop();
  thread_.stop();
  thread_.join();
}

asio::awaitable<Reached<Answer>> Postman::post(Posting posting) {
  co_return co_await on(thread_[0].executor(), client_.post(std::move(posting)));
}

void Postman::stop() {
  if (ending_.exchange(true)) return;
  std::promise<void> told;
  // The answers are posted by the first, and go out before the second.
  thread_[0].post([this, &told] {
    client_.stop();
    thread_[0].post([&told] { told.set_value(); });
  });
  told.get_future().wait();
}

}  // namespace hg::net
