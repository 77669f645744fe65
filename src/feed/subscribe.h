// Subscriptions: made, renewed, moved with their channel, ended; and what a UNSID means for a post. From any thread.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/mailbox.h"
#include "bus/bus.h"
#include "crypto/seal.h"
#include "feed/tokens.h"
#include "model/subscription.h"
#include "store/database.h"
#include "store/subscriptions.h"

namespace hg::feed {

struct Subscribed {
  model::Subscription subscription;
  bool renewed = false;
  std::string unsid;
  std::string etag;  // the feed's present one
};

// What a well-formed UNSID names.
struct Resolved {
  enum class State : std::uint8_t { active, replaced, ended };
  State state = State::ended;
  FeedKey feed;
  SubscriptionId subscription;                          // the named one, or its replacement
  std::string replacement = {};                         // replaced: the UNSID of another active one
  model::EndReason reason = model::EndReason::expired;  // ended; expired too where it is no longer kept
  Time ended_at{};                                      // ended; zero where it is no longer kept
};

class Subscriptions {
 public:
  // `key` seals channels at rest and hides them in the table of claims.
  Subscriptions(store::Database& database, bus::Bus& bus, const Tokens& tokens, const crypto::SealingKey& key,
                const Clock& clock);

  // Waited for when a channel is taken over: resumes when nothing is on its way to the former owner's endpoint that was
  // not yet told of the claim. Before the first call.
  using Quiet = std::function<boost::asio::awaitable<void>(FeedKey, SubscriptionId)>;
  void before_handover(Quiet quiet) { quiet_ = std::move(quiet); }

  // Same user, app and device id: renewed, also for 90 days after its end; same id, same UNSID. `wanted` needs no id,
  // times or versions; `expires_at` only where one was asked for. The former holder of its channel ends `channelMoved`.
  boost::asio::awaitable<Result<Subscribed>> create_or_renew(model::Subscription wanted);

  // Active ones of a user in these cross-device apps, oldest first.
  boost::asio::awaitable<std::vector<model::Subscription>> list(UserId user, std::vector<AppId> apps);
  // Of a user in every cross-device app, ended ones too while they are kept.
  boost::asio::awaitable<std::vector<model::Subscription>> list_all(UserId user);
  // Ended ones too, while they are kept.
  boost::asio::awaitable<std::optional<model::Subscription>> find(FeedKey feed, SubscriptionId id);
  // The first of these apps that has it.
  boost::asio::awaitable<std::optional<model::Subscription>> find(UserId user, std::vector<AppId> apps,
                                                                  SubscriptionId id);

  // Code::subscription_not_found, or subscription_ended with the reason it ended before.
  boost::asio::awaitable<Result<void>> end(FeedKey feed, SubscriptionId id, model::EndReason reason);
  // All of a user, for example userRemoved; how many.
  boost::asio::awaitable<std::size_t> end_all(UserId user, model::EndReason reason);

  // Whenever its end moves, a silent push is owed for when it nears (model::warned_at), but by live and Web Push.
  // A call or live connection that names the subscription: its end slides (written at most once a day), what it has
  // seen rises (at most once a minute, see flush_seen). Answers it as it is now; subscription_not_found or
  // subscription_ended.
  boost::asio::awaitable<Result<model::Subscription>> touch(FeedKey feed, SubscriptionId id,
                                                            std::int64_t seen_version = 0);
  // It fetched one notification by itself: what is older may still be new to it. Written by flush_seen().
  boost::asio::awaitable<void> fetched(const model::Subscription& endpoint, const model::Notification& notification);
  // Writes what touch() and fetched() have put off.
  boost::asio::awaitable<void> flush_seen();

  // For a post.
  boost::asio::awaitable<Resolved> resolve(Unsid unsid);

  [[nodiscard]] std::string unsid(const model::Subscription& subscription) const;

  // As the sender needs it: with its channel in clear.
  [[nodiscard]] model::Subscription opened(store::SubscriptionRow row) const;
  // The other way round: its channel as it is stored. "" for live.
  [[nodiscard]] std::string sealed_channel(const model::Subscription& subscription) const;

 private:
  struct Seen {
    Unsid endpoint;
    std::int64_t version = 0;
    NotificationId alone = {};  // zero: all up to that version
  };
  // Slides its end and writes what it has seen, where there is something to write; the row as it is then.
  static std::optional<store::SubscriptionRow> prolong(store::Connection& tx, const Unsid& endpoint,
                                                       std::int64_t seen_version, Time now);
  static void write_fetched(store::Connection& tx, const Seen& seen);
  [[nodiscard]] std::string channel_hash(const AppId& app, const model::Channel& channel) const;
  [[nodiscard]] store::SubscriptionRow sealed(model::Subscription subscription) const;
  boost::asio::awaitable<void> end_former(store::Claim former);
  [[nodiscard]] std::vector<model::Subscription> opened(std::vector<store::SubscriptionRow> rows) const;

  store::Database& database_;
  bus::Bus& bus_;
  const Tokens& tokens_;
  const crypto::SealingKey channel_key_, hash_key_;
  const Clock& clock_;
  Mailbox<Seen> put_off_;
  Quiet quiet_;
};

}  // namespace hg::feed
