#include "feed/hub.h"

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/post.hpp>
#include <ranges>

#include "base/log.h"
#include "feed/hub_state.h"

namespace hg::feed {
namespace {

namespace asio = boost::asio;

constexpr std::int64_t kLost = -2;    // its ETag names nothing that is known: it is told to fetch
constexpr std::size_t kRecent = 100;  // changes in one signal; more would hardly fit
constexpr Duration kKeepEvery = std::chrono::hours(12);

}  // namespace

void Hub::State::moved(const bus::Moved& message) {
  const auto found = feeds.find(message.feed);
  if (found == feeds.end()) return;
  auto& feed = found->second;
  feed.version = std::max(feed.version, message.to);
  bool read = false;
  made.reset();
  for (const auto& reader : feed.readers) {
    if (!reader->listens() || reader->cursor >= message.to) continue;
    if (reader->cursor != message.from || reader->opening) {
      read = true;
    } else if (!message.maker.zero() && message.maker == reader->subscription) {
      // The answer to its request has told it.
      reader->cursor = message.to;
    } else if (message.change) {
      write(*reader, message.to, message.change.get(), message.change->unread, reader->subscription);
    } else {
      read = true;
    }
  }
  if (read) catch_up(message.feed);
}

// Nullptr: something changed, and that is all that is said. What `maker` did itself is passed over.
void Hub::State::write(Live::Reader& reader, std::int64_t to, const bus::ChangeNote* change, std::int64_t unread,
                       const SubscriptionId& maker) {
  if (!change) return tell(reader, to, nullptr, unread);
  for (const auto& stretch : stretches(*change, reader.cursor, to, maker)) {
    if (stretch.own) {
      reader.cursor = stretch.to;
    } else {
      tell(reader, stretch.to, &stretch, unread);
    }
    if (!reader.listens()) return;
  }
}

void Hub::State::tell(Live::Reader& reader, std::int64_t to, const Stretch* stretch, std::int64_t unread) {
  const auto from = std::max<std::int64_t>(reader.cursor, 0);
  const Addressee addressee{
      .subscription = reader.subscription, .platform = reader.platform, .contents = reader.contents};
  const auto notes = stretch ? std::optional(stretch->notes) : std::nullopt;
  if (!made || made->from != from || made->to != to || made->addressee != addressee || made->notes != notes) {
    made = Made{
        .from = from,
        .to = to,
        .addressee = addressee,
        .notes = notes,
        .text = signal(tokens, reader.feed, from, to, stretch, unread, addressee, clock.now() - options.alert_window),
        .etag = tokens.etag(reader.feed, to)};
  }
  reader.cursor = to;
  counts.signals.add();
  reader.tell({.kind = LiveMessage::Kind::signal, .text = made->text, .name = made->etag});
}

// One read a feed at a time: whoever falls behind meanwhile takes part in the next.
void Hub::State::catch_up(const FeedKey& key) {
  const auto found = feeds.find(key);
  if (found == feeds.end() || found->second.reading) return;
  found->second.reading = true;
  asio::co_spawn(loop, [self = shared_from_this(), key] { return self->read_until_current(key); }, asio::detached);
}

asio::awaitable<void> Hub::State::read_until_current(FeedKey key) {
  try {
    for (;;) {
      auto found = feeds.find(key);
      if (found == feeds.end()) co_return;
      const auto above = behind(found->second);
      if (!above) break;
      const auto heard_of = found->second.version;
      counts.reads.add();
      const auto recent = co_await store.recent(key, *above, kRecent);
      bus::ChangeNote change{.notes = {}, .unread = recent.state.unread};
      const auto host = host_name(key.app);
      for (const auto& n : std::views::reverse(recent.notifications)) change.notes.push_back(note_of(n, host));
      found = feeds.find(key);
      if (found == feeds.end()) co_return;
      bring(found->second, recent, *above, change);
      if (recent.state.version < heard_of) break;  // this store lags behind: the next comparison goes on
    }
  } catch (const std::exception& fault) {
    // Tried again with the next change, at the latest with the next comparison.
    log::error("hub", "cannot read a feed for its live readers: {}", fault.what());
  }
  if (const auto found = feeds.find(key); found != feeds.end()) found->second.reading = false;
}

void Hub::State::bring(Feed& feed, const Recent& recent, std::int64_t above, const bus::ChangeNote& change) {
  const auto version = recent.state.version;
  feed.version = std::max(feed.version, version);
  const auto known_above = recent.cut ? recent.notifications.back().version : above;
  made.reset();
  for (const auto& reader : feed.readers) {
    // Who came, or could listen again, during the read may be behind what was read: its turn is the next.
    if (!reader->listens() || (reader->cursor >= 0 && reader->cursor < above)) continue;
    const bool opening = std::exchange(reader->opening, false);
    if (reader->cursor == kUnknown) {
      reader->cursor = version;
    } else if (reader->cursor == kLost || (opening && reader->cursor > feed.version)) {
      reader->cursor = kLost;
      write(*reader, version, nullptr, recent.state.unread);
    } else if (reader->cursor < version) {
      const bool all = reader->cursor >= known_above && reader->cursor >= recent.state.floor;
      // Who opens from an ETag does not have what came after, its own doing neither.
      write(*reader, version, all ? &change : nullptr, recent.state.unread,
            opening ? SubscriptionId{} : reader->subscription);
    }
  }
}

void Hub::State::ended(const bus::Ended& message) {
  const auto found = feeds.find(message.feed);
  if (found == feeds.end()) return;
  for (const auto& reader : found->second.readers) {
    if (reader->subscription != message.subscription || reader->closed) continue;
    std::string text;
    JsonWriter(text)
        .object()
        .field("type", "subscriptionEnded")
        .field("subscriptionId", reader->subscription)
        .field("reason", message.reason)
        .end();
    if (!reader->blocked) reader->tell({.kind = LiveMessage::Kind::event, .text = text, .name = "subscriptionEnded"});
    close(*reader, kCloseEnded, message.reason);
  }
}

void Hub::State::close(Live::Reader& reader, std::uint16_t code, std::string_view reason) {
  reader.tell({.kind = LiveMessage::Kind::close, .name = reason, .code = code});
}

void Hub::State::leave(Live::Reader* reader) {
  const auto key = reader->feed;
  presence.leave(key);
  --count;
  auto& feed = feeds.at(key);
  std::erase_if(feed.readers, [reader](const auto& one) { return one.get() == reader; });
  if (!feed.readers.empty()) return;
  feeds.erase(key);
  if (listening) listening->unfollow(key);
}

Hub::Hub(asio::any_io_executor loop, Reader& reader, Subscriptions& subscriptions, const Tokens& tokens, bus::Bus& bus,
         bus::Presence& presence, HostName host_name, const Clock& clock, Options options)
    : state_(std::make_shared<State>(loop, reader, subscriptions, tokens, presence, std::move(host_name), clock,
                                     options)) {
  // The token ends the calls, so the state outlives every one of them.
  state_->listening = bus.subscribe([loop](std::function<void()> task) { asio::post(loop, std::move(task)); },
                                    [state = state_.get(), &bus](const bus::Message& message) {
                                      if (const auto* moved = std::get_if<bus::Moved>(&message)) state->moved(*moved);
                                      if (const auto* ended = std::get_if<bus::Ended>(&message)) state->ended(*ended);
                                      if (const auto* missed = std::get_if<bus::Missed>(&message))
                                        state->missed(*missed);
                                      const auto* asks = std::get_if<bus::Asks>(&message);
                                      if (asks != nullptr && state->feeds.contains(asks->feed))
                                        bus.publish({bus::Here{asks->question}});
                                    });
}

Hub::~Hub() {
  state_->listening.reset();
  state_->timer.cancel();
}

Result<Live> Hub::open(LiveReader wanted) {
  auto& state = *state_;
  if (state.drained) return fail(Code::unavailable, "the server is restarting; connect again in a moment");
  if (!state.presence.enter(wanted.feed)) {
    return fail(Code::too_many_requests, "this user has as many live connections as one may have; close one first");
  }
  auto reader = std::make_unique<Live::Reader>();
  reader->feed = wanted.feed;
  reader->subscription = wanted.subscription;
  reader->send = std::move(wanted.send);
  reader->platform = wanted.platform;
  reader->contents = wanted.type != model::NotificationType::only;
  reader->expires_at = wanted.expires_at;
  reader->keep_every = std::min<Duration>(kKeepEvery, wanted.life / 4);
  if (wanted.etag) reader->cursor = state.tokens.parse_etag(wanted.feed, *wanted.etag).value_or(kLost);
  auto* const opened = reader.get();
  auto& readers = state.feeds[wanted.feed].readers;
  if (readers.empty()) state.listening->follow(wanted.feed);
  readers.push_back(std::move(reader));
  ++state.count;
  if (!opened->subscription.zero()) state.warn(*opened);
  state.catch_up(wanted.feed);
  return Live(state_, opened);
}

void Hub::drain() {
  state_->drained = true;
  state_->timer.cancel();
  for (const auto& [key, feed] : state_->feeds) {
    for (const auto& reader : feed.readers) state_->close(*reader, kCloseRestarting, "restarting");
  }
}

const Hub::Counts& Hub::counts() const { return state_->counts; }

std::size_t Hub::size() const { return state_->count; }

Live::Live(std::shared_ptr<Hub::State> hub, Reader* reader) : hub_(std::move(hub)), reader_(reader) {}

Live::Live(Live&& other) noexcept : hub_(std::move(other.hub_)), reader_(std::exchange(other.reader_, nullptr)) {}

Live& Live::operator=(Live&& other) noexcept {
  std::swap(hub_, other.hub_);
  std::swap(reader_, other.reader_);
  return *this;
}

Live::~Live() {
  if (reader_) hub_->leave(reader_);
}

void Live::drained() {
  if (!reader_) return;
  reader_->blocked = false;
  const auto& feed = hub_->feeds.at(reader_->feed);
  if (reader_->opening || reader_->cursor < feed.version) hub_->catch_up(reader_->feed);
}

bool Live::acked(std::string_view etag) {
  if (!reader_) return false;
  const auto version = hub_->tokens.parse_etag(reader_->feed, etag);
  if (!version) return false;
  reader_->acked = std::max(reader_->acked, *version);
  return true;
}

}  // namespace hg::feed
