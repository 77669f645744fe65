// What a hub does every so often: it compares versions, for messages may be lost, and keeps its readers' subscriptions.
#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "base/log.h"
#include "feed/hub_state.h"

namespace hg::feed {
namespace {

namespace asio = boost::asio;

constexpr std::size_t kCompared = 512;                       // feeds in one read of the store
constexpr Duration kCompareAgain = std::chrono::seconds(5);  // where it could not be asked

}  // namespace

// One comparison at a time: what is missed meanwhile is compared after it.
void Hub::State::missed(const bus::Missed& message) {
  for (int group = 0; group < bus::kGroups; ++group)
    if (message.group < 0 || message.group == group) unsure.set(static_cast<std::size_t>(group));
  if (std::exchange(comparing, true)) return;
  asio::co_spawn(loop, [self = shared_from_this()] { return self->compare_missed(); }, asio::detached);
}

asio::awaitable<void> Hub::State::compare_missed() {
  try {
    while (unsure.any() && !drained) {
      const auto groups = std::exchange(unsure, {});
      co_await compare_versions(
          [&](const FeedKey& key) { return groups.test(static_cast<std::size_t>(bus::group_of(key))); });
    }
  } catch (const std::exception& fault) {
    log::error("hub", "cannot compare versions: {}", fault.what());
  }
  comparing = false;
}

asio::awaitable<void> Hub::State::compare_versions(const std::function<bool(const FeedKey&)>& which) {
  std::vector<FeedKey> keys;
  keys.reserve(feeds.size());
  for (const auto& [key, feed] : feeds)
    if (which(key)) keys.push_back(key);
  for (std::size_t from = 0; from < keys.size(); from += kCompared) {
    const auto to = std::min(keys.size(), from + kCompared);
    const auto chunk = std::span(keys).subspan(from, to - from);
    for (const auto& [key, version] : co_await store.versions({chunk.begin(), chunk.end()})) {
      const auto found = feeds.find(key);
      if (found == feeds.end()) continue;
      found->second.version = std::max(found->second.version, version);
      if (behind(found->second)) catch_up(key);
    }
  }
}

// An open connection keeps its subscription alive, and what it acknowledged is stored once a minute.
asio::awaitable<void> Hub::State::keep_subscriptions() {
  std::vector<std::pair<Unsid, std::int64_t>> due;
  const auto now = clock.now();
  for (const auto& [key, feed] : feeds) {
    for (const auto& reader : feed.readers) {
      if (reader->subscription.zero() || reader->closed) continue;
      const bool warn = !reader->warned && reader->expires_at - now <= model::kWarnBefore;
      if (reader->acked <= reader->written && now < reader->keep_at && !warn) continue;
      reader->keep_at = now + reader->keep_every;
      due.push_back({{key, reader->subscription}, reader->acked});
    }
  }
  for (const auto& [endpoint, acked] : due) co_await keep(endpoint, acked);
  co_await subscriptions.flush_seen();
}

// It may take longer than versions can wait for.
asio::awaitable<void> Hub::State::keep_beside() {
  try {
    co_await keep_subscriptions();
  } catch (const std::exception& fault) {
    log::error("hub", "cannot keep subscriptions alive: {}", fault.what());
  }
  keeping = false;
}

asio::awaitable<void> Hub::State::keep(Unsid endpoint, std::int64_t acked) {
  const auto kept = co_await subscriptions.touch(endpoint.feed, endpoint.subscription, acked);
  const auto found = feeds.find(endpoint.feed);
  if (found == feeds.end()) co_return;
  if (!kept) {
    const auto& reason = kept.error().reason;
    ended({endpoint.feed, endpoint.subscription, reason.empty() ? "unsubscribed" : reason});
    co_return;
  }
  for (const auto& reader : found->second.readers) {
    if (reader->subscription != endpoint.subscription) continue;
    reader->written = std::max(reader->written, acked);
    reader->expires_at = kept->expires_at;
    warn(*reader);
  }
}

// Once, until its end has moved away again.
void Hub::State::warn(Live::Reader& reader) const {
  const bool expiring = reader.expires_at - clock.now() <= model::kWarnBefore;
  if (!expiring) reader.warned = false;
  if (!expiring || reader.warned || !reader.listens()) return;
  reader.warned = true;
  std::string text;
  JsonWriter(text)
      .object()
      .field("type", "subscriptionExpiring")
      .field("subscriptionId", reader.subscription)
      .field("expirationDateTime", reader.expires_at)
      .end();
  reader.tell({.kind = LiveMessage::Kind::event, .text = text, .name = "subscriptionExpiring"});
}

asio::awaitable<void> Hub::sweep() {
  const auto state = state_;
  co_await state->compare_versions([](const FeedKey&) { return true; });
  co_await state->keep_subscriptions();
}

asio::awaitable<void> Hub::run() {
  const auto state = state_;
  const auto after = [](Duration pause) { return std::chrono::steady_clock::now() + pause; };
  auto next = after(state->options.sweep);
  while (!state->drained) {
    state->timer.expires_at(next);
    boost::system::error_code cancelled;
    co_await state->timer.async_wait(asio::redirect_error(asio::use_awaitable, cancelled));
    if (cancelled) co_return;
    next = after(state->options.sweep);  // however long this one takes
    try {
      co_await state->compare_versions([](const FeedKey&) { return true; });
    } catch (const std::exception& fault) {
      log::error("hub", "cannot compare versions: {}", fault.what());
      next = after(std::min(state->options.sweep, kCompareAgain));
    }
    if (!std::exchange(state->keeping, true)) {
      asio::co_spawn(state->loop, [state] { return state->keep_beside(); }, asio::detached);
    }
  }
}

}  // namespace hg::feed
