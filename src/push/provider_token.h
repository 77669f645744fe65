// A token that a platform's token service gives for an app's credentials: fetched once for all who wait, kept, renewed
// before it ends. On its loop.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/steady_timer.hpp>
#include <expected>
#include <functional>
#include <string>

#include "push/sender.h"

namespace hg::push {

struct Token {
  std::string value;
  Duration life{};
};

class ProviderToken {
 public:
  // What the token service says: a token, or the verdict for whoever needed one.
  using Answer = std::expected<Token, Verdict>;
  using Fetch = std::function<boost::asio::awaitable<Answer>()>;

  ProviderToken(boost::asio::any_io_executor loop, const Clock& clock, Fetch fetch);

  // The present one; fetched where there is none, or where it ends soon: whoever asks then waits for the new one while
  // the others go on with the old. After a failure nobody asks the service again for kAfterFailure.
  boost::asio::awaitable<std::expected<std::string, Verdict>> get();
  // The platform did not take `value`: the next get() fetches another, unless that has been done already.
  void refused(const std::string& value);

  static constexpr Duration kAfterFailure = std::chrono::seconds(5);

 private:
  boost::asio::awaitable<void> fetch();
  [[nodiscard]] bool usable(Time now) const { return !value_.empty() && now < expires_at_; }

  boost::asio::any_io_executor loop_;
  const Clock& clock_;
  Fetch fetch_;
  std::string value_;
  Time renew_at_{}, expires_at_{};
  Verdict failure_;
  Time failed_until_{};
  boost::asio::steady_timer fetched_;  // its cancellation wakes those who wait
  bool fetching_ = false;
};

}  // namespace hg::push
