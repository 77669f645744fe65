// What the server looks at by itself every few seconds: the store's clock, whether another node changed the directory,
// whether its certificate was replaced, and how much is owed. On the background loop.
#pragma once

#include <array>
#include <atomic>
#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/steady_timer.hpp>
#include <memory>

#include "base/metrics.h"
#include "base/time.h"
#include "identity/registry.h"
#include "model/delivery.h"
#include "net/tls.h"
#include "store/database.h"

namespace hg::app {

class Watch {
 public:
  Watch(boost::asio::any_io_executor loop, store::Database& database, identity::Registry& registry, const Clock& clock);

  // Of the TLS listeners; before run().
  void certificate(std::shared_ptr<net::TlsContext> tls) { tls_ = std::move(tls); }

  // Ends after stop().
  boost::asio::awaitable<void> run();
  // Throws nothing.
  boost::asio::awaitable<void> look_at_directory();
  // The certificate again, now.
  void reread();
  void stop();

  // From any thread.
  void measure(metrics::Page& page) const;

 private:
  static void say(const Result<void>& read);
  boost::asio::awaitable<void> look_at_clock();
  boost::asio::awaitable<void> look_at_backlog();
  void unreadable(const std::exception& fault);

  store::Database& database_;
  identity::Registry& registry_;
  const Clock& clock_;
  std::shared_ptr<net::TlsContext> tls_;
  boost::asio::steady_timer timer_;
  bool stopped_ = false;
  std::atomic<std::int64_t> jobs_ = 0, age_ms_ = 0, ends_ = 0;
  std::array<std::atomic<std::int64_t>, model::kCarriers> refused_{};  // credentials
  std::atomic<bool> readable_ = true;
};

}  // namespace hg::app
