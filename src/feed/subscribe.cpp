#include "feed/subscribe.h"

#include <algorithm>
#include <map>

#include "crypto/hash.h"
#include "store/feeds.h"
#include "store/jobs.h"
#include "store/outcomes.h"
#include "store/users.h"

namespace hg::feed {
namespace {

using model::EndReason;
using model::Subscription;
using store::SubscriptionRow;
namespace subscriptions = store::subscriptions;

constexpr Duration kSlideAtMost = std::chrono::days(1);
constexpr Duration kSeenAtMost = std::chrono::minutes(1);
constexpr std::size_t kPutOffAtMost = 4096;

EndReason reason_of(const Subscription& ended) {
  return ended.ended_at ? ended.ended_reason : EndReason::expired;  // past its end, the janitor has not come by yet
}

std::unexpected<Error> refuse_ended(EndReason reason) {
  Error error{.code = Code::subscription_ended,
              .message = "the subscription has ended (" + std::string(name(reason)) + "); subscribe again"};
  error.reason = name(reason);
  return std::unexpected(std::move(error));
}

std::unexpected<Error> refuse_unknown() { return fail(Code::subscription_not_found, "no such subscription"); }

// Renewed as the same one, for its id is still the device's.
bool renewable(const SubscriptionRow& row, Time now) {
  const auto& s = row.subscription;
  const auto ended = s.ended_at.value_or(s.expires_at);
  return ended > now - store::kEndedKept;
}

void give_life(Subscription& s, Time now) {
  const auto asked = s.expires_at > now ? s.expires_at - now : model::kDefaultLife;
  s.life = std::min(asked, model::kMaxLife);
  s.expires_at = now + s.life;
  s.renewed_at = now;
}

// The address that makes it the same channel: a browser's keys may be written in another order the next time.
std::string identity(const model::Channel& channel) {
  if (channel.kind == model::ChannelKind::webpush) {
    boost::system::error_code bad;
    const auto parsed = json::parse(channel.address, bad);
    const auto* endpoint = bad || !parsed.is_object() ? nullptr : parsed.as_object().if_contains("endpoint");
    if (endpoint && endpoint->is_string()) return std::string(endpoint->as_string());
  }
  return channel.address;
}

bus::Message ended_message(const FeedKey& feed, const SubscriptionId& id, EndReason reason) {
  return bus::Ended{feed, id, std::string(name(reason))};
}

// An endpoint that can be told silently hears of its end in time; the one that is owed for an earlier end is replaced.
void owe_warning(store::Connection& tx, const Subscription& s) {
  if (s.channel.kind == model::ChannelKind::live || s.channel.kind == model::ChannelKind::webpush) return;
  store::jobs::put(tx, {.feed = s.feed,
                        .subscription = s.id,
                        .kind = model::JobKind::expiring,
                        .due_at = model::warned_at(s),
                        .guard = to_ms(s.expires_at),
                        .made_at = model::warned_at(s)});
}

bool slides(const Subscription& s, Time now) {
  return now + s.life - s.expires_at >= std::min<Duration>(kSlideAtMost, s.life / 4);
}

}  // namespace

Subscriptions::Subscriptions(store::Database& database, bus::Bus& bus, const Tokens& tokens,
                             const crypto::SealingKey& key, const Clock& clock)
    : database_(database),
      bus_(bus),
      tokens_(tokens),
      channel_key_(key.subkey("channel")),
      hash_key_(key.subkey("channel claim")),
      clock_(clock) {}

std::string Subscriptions::channel_hash(const AppId& app, const model::Channel& channel) const {
  const std::byte kind{static_cast<std::uint8_t>(channel.kind)};
  const auto named = identity(channel);
  const auto mac = crypto::hmac_sha256(hash_key_.bytes(), {app.view(), Bytes(&kind, 1), as_bytes(named)});
  return std::string(as_text(mac));
}

std::string Subscriptions::sealed_channel(const Subscription& s) const {
  if (s.channel.kind == model::ChannelKind::live) return "";
  const auto clear = s.channel.environment + '\0' + s.channel.address;
  return std::string(as_text(channel_key_.seal(s.id.view(), as_bytes(clear))));
}

SubscriptionRow Subscriptions::sealed(Subscription s) const {
  SubscriptionRow row{.subscription = std::move(s), .sealed_channel = {}, .channel_hash = {}};
  auto& channel = row.subscription.channel;
  if (channel.kind == model::ChannelKind::live) return row;
  row.sealed_channel = sealed_channel(row.subscription);
  row.channel_hash = channel_hash(row.subscription.feed.app, channel);
  return row;
}

Subscription Subscriptions::opened(SubscriptionRow row) const {
  auto& s = row.subscription;
  if (row.sealed_channel.empty()) return std::move(s);
  const auto clear = channel_key_.open(s.id.view(), as_bytes(row.sealed_channel));
  if (!clear) throw std::runtime_error("a channel cannot be opened: it was sealed with another key");
  const auto text = as_text(*clear);
  const auto split = text.find('\0');
  s.channel.environment = text.substr(0, split);
  s.channel.address = text.substr(split + 1);
  return std::move(s);
}

std::vector<Subscription> Subscriptions::opened(std::vector<SubscriptionRow> rows) const {
  std::vector<Subscription> all;
  all.reserve(rows.size());
  for (auto& row : rows) all.push_back(opened(std::move(row)));
  return all;
}

std::string Subscriptions::unsid(const Subscription& s) const { return tokens_.unsid(s.feed, s.id); }

boost::asio::awaitable<Result<Subscribed>> Subscriptions::create_or_renew(Subscription wanted) {
  const auto now = clock_.now();
  const auto feed = wanted.feed;
  give_life(wanted, now);
  wanted.ended_at.reset();
  wanted.ended_reason = EndReason::none;
  // The id decides the UNSID and the claim, so it is settled first.
  const auto kept = co_await database_.read(
      [&](store::Connection& tx) { return subscriptions::of_device(tx, feed, wanted.device_id); });
  wanted.id = kept && renewable(*kept, now) ? kept->subscription.id : SubscriptionId{crypto::random_guid()};
  auto row = sealed(wanted);

  // Claimed first, in a transaction of its own: from then on nothing is sent there in the former holder's name.
  std::optional<store::Claim> former;
  if (!row.channel_hash.empty()) {
    former = co_await database_.transact(
        [&](store::Connection& tx) { return store::channels::claim(tx, row.channel_hash, feed, wanted.id); });
    if (former && quiet_) co_await quiet_(former->owner, former->subscription);
  }

  struct Stored {
    bool renewed = false;
    std::int64_t version = 0;
    std::string left_channel;
  };
  const auto stored = co_await database_.transact([&](store::Connection& tx) -> std::optional<Stored> {
    Stored result;
    // First, so that nobody else writes what is read next; made where there is none: jobs are found by the feed that
    // they are of.
    result.version = store::feeds::lock(tx, feed).version;
    const auto before = subscriptions::of_device(tx, feed, wanted.device_id);
    if (before && before->subscription.id != wanted.id && renewable(*before, now)) return std::nullopt;
    auto fresh = row;
    auto& s = fresh.subscription;
    s.since_version = result.version;
    if (before && before->subscription.id == s.id) {
      const auto& was = before->subscription;
      s.created_at = was.created_at;
      if (was.active(now)) s.since_version = was.since_version;
      s.seen_version = was.seen_version;
      fresh.seen_at = before->seen_at;
      if (before->channel_hash != fresh.channel_hash) result.left_channel = before->channel_hash;
      subscriptions::update(tx, fresh);
      result.renewed = true;
    } else {
      if (before) subscriptions::erase(tx, feed, before->subscription.id);
      s.created_at = now;
      subscriptions::insert(tx, fresh);
    }
    owe_warning(tx, s);
    return result;
  });
  if (!stored) {
    // A twin of this request made the device's subscription in between: this one renews it.
    co_return co_await create_or_renew(std::move(wanted));
  }
  if (!stored->left_channel.empty()) {
    co_await database_.transact(
        [&](store::Connection& tx) { store::channels::release(tx, stored->left_channel, wanted.id); });
  }
  if (former && former->subscription != wanted.id) co_await end_former(*former);
  auto made = co_await find(feed, wanted.id);
  co_return Subscribed{.subscription = *std::move(made),
                       .renewed = stored->renewed,
                       .unsid = tokens_.unsid(feed, wanted.id),
                       .etag = tokens_.etag(feed, stored->version)};
}

boost::asio::awaitable<void> Subscriptions::end_former(store::Claim former) {
  const auto now = clock_.now();
  const bool ended = co_await database_.transact([&](store::Connection& tx) {
    return subscriptions::end(tx, former.owner, former.subscription, EndReason::channel_moved, now);
  });
  if (ended) bus_.publish({ended_message(former.owner, former.subscription, EndReason::channel_moved)});
}

boost::asio::awaitable<std::vector<Subscription>> Subscriptions::list(UserId user, std::vector<AppId> apps) {
  const auto now = clock_.now();
  co_return opened(co_await database_.read([&](store::Connection& tx) {
    std::vector<SubscriptionRow> all;
    for (const auto& app : apps)
      std::ranges::move(subscriptions::active(tx, {user, app}, now), std::back_inserter(all));
    std::ranges::sort(all, {}, [](const SubscriptionRow& row) {
      return std::pair(row.subscription.created_at, row.subscription.id);
    });
    return all;
  }));
}

boost::asio::awaitable<std::vector<Subscription>> Subscriptions::list_all(UserId user) {
  co_return opened(co_await database_.read([&](store::Connection& tx) { return subscriptions::of_user(tx, user); }));
}

boost::asio::awaitable<std::optional<Subscription>> Subscriptions::find(FeedKey feed, SubscriptionId id) {
  co_return co_await find(feed.user, {feed.app}, id);
}

boost::asio::awaitable<std::optional<Subscription>> Subscriptions::find(UserId user, std::vector<AppId> apps,
                                                                        SubscriptionId id) {
  auto row = co_await database_.read([&](store::Connection& tx) -> std::optional<SubscriptionRow> {
    for (const auto& app : apps) {
      if (auto found = subscriptions::find(tx, {user, app}, id)) return found;
    }
    return std::nullopt;
  });
  if (!row) co_return std::nullopt;
  co_return opened(*std::move(row));
}

boost::asio::awaitable<Result<void>> Subscriptions::end(FeedKey feed, SubscriptionId id, EndReason reason) {
  const auto now = clock_.now();
  auto result = co_await database_.transact([&](store::Connection& tx) -> Result<void> {
    const auto row = subscriptions::find(tx, feed, id);
    if (!row) return refuse_unknown();
    if (!row->subscription.active(now)) return refuse_ended(reason_of(row->subscription));
    subscriptions::end(tx, feed, id, reason, now);
    return {};
  });
  if (result) bus_.publish({ended_message(feed, id, reason)});
  co_return result;
}

boost::asio::awaitable<std::size_t> Subscriptions::end_all(UserId user, EndReason reason) {
  const auto now = clock_.now();
  auto messages = co_await database_.transact([&](store::Connection& tx) {
    std::vector<bus::Message> ended;
    for (const auto& row : subscriptions::of_user(tx, user)) {
      const auto& s = row.subscription;
      if (subscriptions::end(tx, s.feed, s.id, reason, now)) ended.push_back(ended_message(s.feed, s.id, reason));
    }
    return ended;
  });
  const auto count = messages.size();
  if (count > 0) bus_.publish(std::move(messages));
  co_return count;
}

boost::asio::awaitable<Result<Subscription>> Subscriptions::touch(FeedKey feed, SubscriptionId id,
                                                                  std::int64_t seen_version) {
  const auto now = clock_.now();
  auto row = co_await database_.read([&](store::Connection& tx) { return subscriptions::find(tx, feed, id); });
  if (!row) co_return refuse_unknown();
  if (!row->subscription.active(now)) co_return refuse_ended(reason_of(row->subscription));

  const bool seen = seen_version > row->subscription.seen_version;
  const bool seen_now = seen && (now - row->seen_at >= kSeenAtMost || put_off_.size() >= kPutOffAtMost);
  if (seen && !seen_now) put_off_.push({{feed, id}, seen_version, {}});
  if (!seen_now && !slides(row->subscription, now)) co_return opened(*std::move(row));
  try {
    row = co_await database_.transact(
        [&](store::Connection& tx) { return prolong(tx, {feed, id}, seen_now ? seen_version : 0, now); });
  } catch (const store::Fault& fault) {
    // Who reads is answered also while nothing can be written; the next time writes it.
    if (!fault.everywhere()) throw;
    if (seen_now) put_off_.push({{feed, id}, seen_version, {}});
  }
  if (!row) co_return refuse_unknown();
  if (!row->subscription.active(now)) co_return refuse_ended(reason_of(row->subscription));
  co_return opened(*std::move(row));
}

std::optional<SubscriptionRow> Subscriptions::prolong(store::Connection& tx, const Unsid& endpoint,
                                                      std::int64_t seen_version, Time now) {
  auto row = subscriptions::find(tx, endpoint.feed, endpoint.subscription);
  if (!row || !row->subscription.active(now)) return row;
  // Nothing but what is meant: another node may end or renew it at this moment.
  if (auto& s = row->subscription; slides(s, now)) {
    s.expires_at = now + s.life;
    if (subscriptions::prolong(tx, endpoint.feed, s.id, s.expires_at)) owe_warning(tx, s);
  }
  if (seen_version > 0) subscriptions::see(tx, endpoint.feed, endpoint.subscription, seen_version, now);
  return subscriptions::find(tx, endpoint.feed, endpoint.subscription);
}

boost::asio::awaitable<void> Subscriptions::flush_seen() {
  std::map<Unsid, std::int64_t> latest;
  std::vector<Seen> alone;
  for (const auto& seen : put_off_.take(kPutOffAtMost)) {
    if (!seen.alone.zero()) {
      alone.push_back(seen);
    } else {
      latest[seen.endpoint] = std::max(latest[seen.endpoint], seen.version);
    }
  }
  if (latest.empty() && alone.empty()) co_return;
  const auto now = clock_.now();
  co_await database_.transact([&](store::Connection& tx) {
    for (const auto& [endpoint, version] : latest)
      subscriptions::see(tx, endpoint.feed, endpoint.subscription, version, now);
    for (const auto& seen : alone) write_fetched(tx, seen);
  });
}

void Subscriptions::write_fetched(store::Connection& tx, const Seen& seen) {
  const FeedKey& feed = seen.endpoint.feed;
  store::feeds::lock(tx, feed);  // whoever settles deliveries writes the report too
  const auto n = store::feeds::notification(tx, feed, seen.alone);
  if (!n || n->alert_version != seen.version) return;  // it asked for attention again since
  auto report = store::outcomes::find(tx, feed, seen.alone).value_or(model::Report{});
  if (report.fetched_by(seen.endpoint.subscription, seen.version)) return;
  report.fetched.push_back({.subscription = seen.endpoint.subscription, .version = seen.version});
  store::outcomes::put(tx, feed, seen.alone, report);
}

boost::asio::awaitable<void> Subscriptions::fetched(const Subscription& endpoint,
                                                    const model::Notification& notification) {
  if (endpoint.seen_version >= notification.alert_version) co_return;
  put_off_.push({{endpoint.feed, endpoint.id}, notification.alert_version, notification.id});
  if (put_off_.size() >= kPutOffAtMost) co_await flush_seen();
}

boost::asio::awaitable<Resolved> Subscriptions::resolve(Unsid unsid) {
  const auto now = clock_.now();
  co_return co_await database_.read([&](store::Connection& tx) {
    Resolved resolved{.feed = unsid.feed, .subscription = unsid.subscription};
    const auto named = subscriptions::find(tx, unsid.feed, unsid.subscription);
    if (named && named->subscription.active(now)) {
      resolved.state = Resolved::State::active;
      return resolved;
    }
    const auto others = subscriptions::active(tx, unsid.feed, now);
    if (!others.empty()) {
      // The one that was heard of last is the likeliest to stay.
      const auto& other =
          std::ranges::max(others, {}, [](const SubscriptionRow& row) { return row.subscription.expires_at; });
      resolved.state = Resolved::State::replaced;
      resolved.subscription = other.subscription.id;
      resolved.replacement = tokens_.unsid(unsid.feed, other.subscription.id);
      return resolved;
    }
    if (named) {
      resolved.reason = reason_of(named->subscription);
      resolved.ended_at = named->subscription.ended_at.value_or(named->subscription.expires_at);
    } else if (const auto user = store::users::find(tx, unsid.feed.user); !user || user->removed_at) {
      resolved.reason = EndReason::user_removed;
    }
    return resolved;
  });
}

}  // namespace hg::feed
