#include "app/watch.h"

#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "base/log.h"
#include "store/credentials.h"
#include "store/jobs.h"
#include "store/outbox.h"
#include "store/webhooks.h"

namespace hg::app {

namespace asio = boost::asio;

namespace {
constexpr Duration kBetweenReads = std::chrono::seconds(2);
constexpr int kLooksABacklog = 5;  // it is a query
}  // namespace

Watch::Watch(asio::any_io_executor loop, store::Database& database, identity::Registry& registry, const Clock& clock)
    : database_(database), registry_(registry), clock_(clock), timer_(loop) {}

asio::awaitable<void> Watch::run() {
  for (int look = 0; !stopped_; ++look) {
    co_await look_at_clock();
    co_await look_at_directory();
    if (look % kLooksABacklog == 0) co_await look_at_backlog();
    if (tls_) {
      if (const auto read = tls_->refresh()) say(*read);
    }
    if (stopped_) co_return;
    timer_.expires_after(kBetweenReads);
    boost::system::error_code woken;
    co_await timer_.async_wait(asio::redirect_error(asio::use_awaitable, woken));
  }
}

void Watch::reread() {
  if (tls_) say(tls_->reload());
}

void Watch::stop() {
  stopped_ = true;
  timer_.cancel();
}

void Watch::say(const Result<void>& read) {
  if (read) {
    log::info("server", "certificate read again");
  } else {
    log::error("server", "the certificate stays as it was: {}", read.error().message);
  }
}

asio::awaitable<void> Watch::look_at_directory() {
  try {
    co_await registry_.refresh();
  } catch (const std::exception& fault) {
    unreadable(fault);
  }
}

void Watch::unreadable(const std::exception& fault) {
  if (readable_.exchange(false)) log::error("server", "the store cannot be read: {}", fault.what());
}

// Where it cannot be asked it goes on as it was; that the store cannot be read is said below.
asio::awaitable<void> Watch::look_at_clock() {
  try {
    co_await database_.keep_time();
  } catch (const store::Fault& fault) {
    log::debug("server", "the store was not asked for the time: {}", fault.what());
  }
}

// A store that cannot be read is what is to be seen here.
asio::awaitable<void> Watch::look_at_backlog() {
  try {
    const auto now = clock_.now();
    struct Owed {
      store::jobs::Backlog jobs;
      store::outbox::Backlog changes;
      std::int64_t ends = 0;
      std::vector<std::pair<model::ChannelKind, std::int64_t>> refused;
    };
    const auto owed = co_await database_.read([&](store::Connection& tx) {
      return Owed{store::jobs::backlog(tx, now), store::outbox::backlog(tx), store::webhooks::waiting(tx),
                  store::credentials::refused(tx)};
    });
    ends_ = owed.ends;
    for (auto& count : refused_) count = 0;
    for (const auto& [platform, count] : owed.refused) refused_.at(static_cast<std::size_t>(platform)) = count;
    jobs_ = owed.jobs.jobs + owed.changes.rows;
    age_ms_ = std::max(owed.jobs.age, now - owed.changes.oldest.value_or(now)).count();
    readable_ = true;
  } catch (const std::exception& fault) {
    unreadable(fault);
  }
}

void Watch::measure(metrics::Page& page) const {
  page.gauge("heliograph_due_jobs", "Changes and jobs that are due to be pushed and not done, some seconds ago.",
             static_cast<double>(jobs_));
  page.gauge("heliograph_due_age_seconds", "How long the oldest of them was due.", static_cast<double>(age_ms_) / 1000);
  page.gauge("heliograph_webhook_ends_waiting", "Ended subscriptions that webhooks were not told of, some seconds ago.",
             static_cast<double>(ends_));
  using enum model::ChannelKind;
  for (const auto platform : {wns, fcm, apns, webpush})
    page.gauge("heliograph_credentials_refused", "Credentials that a push platform does not take, some seconds ago.",
               static_cast<double>(refused_.at(static_cast<std::size_t>(platform))), {{"platform", name(platform)}});
  page.gauge("heliograph_store_readable", "1: the store answers queries.", readable_ ? 1 : 0);
}

}  // namespace hg::app
