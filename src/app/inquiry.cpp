#include "app/inquiry.h"

#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "crypto/hash.h"

namespace hg::app {

namespace asio = boost::asio;

namespace {
constexpr std::chrono::milliseconds kPatience{100};
}

Inquiry::Inquiry(asio::any_io_executor loop, bus::Bus& bus) : loop_(std::move(loop)), bus_(bus) {
  listening_ = bus_.subscribe([loop = loop_](std::function<void()> task) { asio::post(loop, std::move(task)); },
                              [this](const bus::Message& message) {
                                const auto* here = std::get_if<bus::Here>(&message);
                                const auto found = here == nullptr ? open_.end() : open_.find(here->question);
                                if (found == open_.end()) return;
                                found->second->answered = true;
                                found->second->patience.cancel();
                              });
}

asio::awaitable<bool> Inquiry::live(FeedKey feed) {
  if (!bus_.connected()) co_return false;
  const Guid number = crypto::random_guid();
  Question question{.patience = asio::steady_timer(loop_, kPatience)};
  open_.emplace(number, &question);
  bus_.publish({bus::Asks{feed, number}});
  boost::system::error_code woken;
  co_await question.patience.async_wait(asio::redirect_error(asio::use_awaitable, woken));
  open_.erase(number);
  co_return question.answered;
}

}  // namespace hg::app
