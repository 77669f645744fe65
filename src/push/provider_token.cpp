#include "push/provider_token.h"

#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <utility>

namespace hg::push {

namespace asio = boost::asio;

namespace {

// Renewed in the last tenth of its life.
constexpr int kLastPart = 10;

}  // namespace

ProviderToken::ProviderToken(asio::any_io_executor loop, const Clock& clock, Fetch fetch)
    : loop_(std::move(loop)),
      clock_(clock),
      fetch_(std::move(fetch)),
      fetched_(loop_, asio::steady_timer::time_point::max()) {}

asio::awaitable<std::expected<std::string, Verdict>> ProviderToken::get() {
  const auto now = clock_.now();
  const bool usable_now = usable(now);
  if (usable_now && (now < renew_at_ || fetching_ || now < failed_until_)) co_return value_;
  if (!usable_now && now < failed_until_) co_return std::unexpected(failure_);
  if (fetching_) {
    boost::system::error_code woken;
    co_await fetched_.async_wait(asio::redirect_error(asio::use_awaitable, woken));
  } else {
    co_await fetch();
  }
  if (usable(clock_.now())) co_return value_;
  co_return std::unexpected(failure_);
}

asio::awaitable<void> ProviderToken::fetch() {
  struct Fetching {
    explicit Fetching(ProviderToken& token) : of(token) { of.fetching_ = true; }
    ~Fetching() {
      of.fetching_ = false;
      of.fetched_.cancel();
    }
    Fetching(const Fetching&) = delete;
    Fetching& operator=(const Fetching&) = delete;
    ProviderToken& of;
  };
  failure_ = {.outcome = Verdict::Outcome::retry, .reason = "no token was given"};
  const Fetching fetching(*this);
  auto answer = co_await fetch_();
  const auto now = clock_.now();
  if (!answer) {
    failure_ = std::move(answer.error());
    failed_until_ = now + kAfterFailure;
    co_return;
  }
  value_ = std::move(answer->value);
  renew_at_ = now + answer->life - answer->life / kLastPart;
  expires_at_ = now + answer->life;
}

void ProviderToken::refused(const std::string& value) {
  if (value == value_) value_.clear();
}

}  // namespace hg::push
