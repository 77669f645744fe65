// For tests: a deployment of its own with one user, one public and one confidential application.
#pragma once

#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>
#include <exception>
#include <optional>

#include "base/run_for_tests.h"
#include "crypto/hash.h"
#include "crypto/password.h"
#include "identity/bearer.h"
#include "identity/issuer.h"
#include "identity/registry.h"
#include "store/testing.h"

namespace hg::identity {

inline constexpr const char* kBase = "https://push.example.com";

class HandClock final : public Clock {
 public:
  [[nodiscard]] Time now() const override { return now_; }
  void pass(Duration time) { now_ += time; }

 private:
  Time now_ = from_ms(1'800'000'000'000);
};

// Made once: to make one takes longer than most tests do.
inline const crypto::PrivateKey& signing_key() {
  static const auto key = crypto::PrivateKey::generate(crypto::Alg::rs256);
  return key;
}

inline const std::string& password_hash() {
  static const auto hash = crypto::hash_password("correct horse battery");
  return hash;
}

struct Deployment {
  HandClock clock;
  store::TemporaryStore store{store::chosen_engine(), 4};
  asio::io_context loop;
  crypto::SealingKey key = crypto::SealingKey::generate();
  Registry registry{*store, key, clock};
  Actor operator_{"operator"};
  store::User alice;
  ApplicationId page, server;  // a public one with spa and native URIs, a confidential one with all three kinds
  std::string secret;

  Deployment() {
    alice = {.id = UserId{crypto::random_guid()},
             .upn = "alice@example.com",
             .display_name = "Alice",
             .mail = "alice@mail.example",
             .password_hash = password_hash(),
             .created_at = clock.now()};
    store->transact_now([&](store::Connection& tx) {
      Registry::found(tx, key, false, clock.now(), signing_key());
      EXPECT_TRUE(store::users::insert(tx, alice));
    });
    registry.load();
    page = add("page", {{"spa", "https://page.example/done"}, {"native", "com.example.app:/done"}});
    server = add("server", {{"web", "https://server.example/done"}, {"spa", "https://server.example/page"}});
    secret = run(registry.add_secret(operator_, server, "", std::nullopt))->clear;
  }

  ApplicationId add(std::string name, std::vector<std::pair<std::string, std::string>> uris,
                    std::vector<std::string> scopes = {}) {
    NewApplication made;
    made.name = std::move(name);
    made.redirect_uris = std::move(uris);
    made.scopes = std::move(scopes);
    return *run(registry.add_application(operator_, std::move(made)));
  }

  // Runs a coroutine to its end on this thread.
  template <class T>
  T run(asio::awaitable<T> work) {
    return hg::run(loop, std::move(work));
  }
};

}  // namespace hg::identity
