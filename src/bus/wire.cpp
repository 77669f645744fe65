#include "bus/wire.h"

#include <algorithm>

#include "base/encoding.h"

namespace hg::bus {
namespace {

// Whoever reads a message of another version drops it: two neighbouring programs may run beside each other.
constexpr std::uint8_t kVersion = 1;
enum class Kind : std::uint8_t { moved = 1, stale = 2, ended = 3, missed = 4, asks = 5, here = 6 };

constexpr std::size_t kMaxNotes = 1024;  // of a ChangeNote
constexpr std::size_t kMaxReason = 64;

class Out {
 public:
  explicit Out(Kind kind) { byte(kVersion), byte(static_cast<std::uint8_t>(kind)); }

  void byte(std::uint8_t value) { bytes_ += static_cast<char>(value); }
  void flag(bool value) { byte(value ? 1 : 0); }
  // Seven bits a byte, the lowest first; the eighth says that more follow.
  void number(std::uint64_t value) {
    for (; value >= 0x80; value >>= 7U) byte(static_cast<std::uint8_t>(value | 0x80U));
    byte(static_cast<std::uint8_t>(value));
  }
  void number(std::int64_t value) { number(static_cast<std::uint64_t>(value)); }
  void text(std::string_view value) {
    number(static_cast<std::uint64_t>(value.size()));
    bytes_ += value;
  }
  void guid(const Guid& value) { bytes_ += as_text(value.view()); }
  void maybe(const Guid& value) {
    flag(!value.zero());
    if (!value.zero()) guid(value);
  }
  void feed(const FeedKey& value) { guid(value.user.guid), guid(value.app.guid); }
  std::string take() { return std::move(bytes_); }

 private:
  std::string bytes_;
};

// After the first thing that is not as it should be everything reads as zero, and ok() is false.
class In {
 public:
  explicit In(std::string_view bytes) : left_(bytes) {}

  std::uint8_t byte() {
    const auto one = take(1);
    return one.empty() ? std::uint8_t{0} : static_cast<std::uint8_t>(one.front());
  }
  bool flag() {
    const auto value = byte();
    require(value <= 1);
    return value == 1;
  }
  std::uint64_t unsigned_number() {
    std::uint64_t value = 0;
    for (unsigned shift = 0; shift < 64; shift += 7) {
      const std::uint64_t next = byte();
      require(shift < 63 || next <= 1);
      value |= (next & 0x7fU) << shift;
      if ((next & 0x80U) == 0) {
        require(next != 0 || shift == 0);  // in as few bytes as can be
        return ok_ ? value : 0;
      }
    }
    ok_ = false;
    return 0;
  }
  std::int64_t number() { return static_cast<std::int64_t>(unsigned_number()); }
  std::int64_t natural() {
    const auto value = number();
    require(value >= 0);
    return value;
  }
  std::string text(std::size_t most) {
    const auto size = unsigned_number();
    require(size <= most);
    return std::string(take(ok_ ? static_cast<std::size_t>(size) : 0));
  }
  Guid guid() { return Guid::from_bytes(as_bytes(take(16))).value_or(Guid{}); }
  Guid maybe() {
    if (!flag()) return {};
    const auto value = guid();
    require(!value.zero());
    return value;
  }
  FeedKey feed() {
    const UserId user{guid()};
    return {user, AppId{guid()}};
  }
  void require(bool fulfilled) { ok_ = ok_ && fulfilled; }
  [[nodiscard]] bool ok() const { return ok_; }
  // All was read, and nothing is left.
  [[nodiscard]] bool done() const { return ok_ && left_.empty(); }

 private:
  std::string_view take(std::size_t size) {
    require(size <= left_.size());
    if (!ok_) return {};
    const auto taken = left_.substr(0, size);
    left_.remove_prefix(size);
    return taken;
  }

  std::string_view left_;
  bool ok_ = true;
};

void write(Out& out, const Note& note) {
  out.number(note.version);
  out.text(note.activity);
  out.byte(note.platforms);
  out.flag(note.handled);
  out.number(note.alert_version);
  out.number(to_ms(note.alerted_at));
  out.maybe(note.maker.guid);
  out.number(note.made_after);
}

Note note(In& in) {
  Note note;
  note.version = in.natural();
  note.activity = in.text(kMaxNoteBytes);
  note.platforms = in.byte();
  note.handled = in.flag();
  note.alert_version = in.natural();
  note.alerted_at = from_ms(in.number());
  note.maker.guid = in.maybe();
  note.made_after = in.natural();
  return note;
}

// As feed/writer makes them: by version, each within what is moved over.
bool sound(const ChangeNote& change, std::int64_t from, std::int64_t to) {
  std::size_t bytes = 0;
  for (const auto& note : change.notes) {
    if (note.version <= from || note.version > to || note.activity.empty()) return false;
    bytes += note.activity.size();
  }
  return bytes <= kMaxNoteBytes && change.notes.size() <= kMaxNotes && change.unread >= 0 &&
         std::ranges::is_sorted(change.notes, {}, &Note::version);
}

std::string encoded(const Moved& moved) {
  Out out(Kind::moved);
  out.feed(moved.feed);
  out.number(moved.from);
  out.number(moved.to);
  out.maybe(moved.maker.guid);
  const bool carried = moved.change && sound(*moved.change, moved.from, moved.to);
  out.flag(carried);
  if (carried) {
    out.number(moved.change->unread);
    out.number(static_cast<std::uint64_t>(moved.change->notes.size()));
    for (const auto& note : moved.change->notes) write(out, note);
  }
  return out.take();
}

std::shared_ptr<const ChangeNote> change(In& in, std::int64_t from, std::int64_t to) {
  auto change = std::make_shared<ChangeNote>();
  change->unread = in.natural();
  const auto count = in.unsigned_number();
  in.require(count <= kMaxNotes);
  for (std::uint64_t i = 0; in.ok() && i < count; ++i) change->notes.push_back(note(in));
  in.require(sound(*change, from, to));
  return change;
}

Moved moved(In& in) {
  Moved moved{.feed = in.feed()};
  moved.from = in.natural();
  moved.to = in.natural();
  in.require(moved.from < moved.to);
  moved.maker.guid = in.maybe();
  if (in.flag()) moved.change = change(in, moved.from, moved.to);
  return moved;
}

std::string encoded(const Stale& stale) {
  Out out(Kind::stale);
  out.byte(static_cast<std::uint8_t>(stale.kind));
  out.guid(stale.key);
  return out.take();
}

Stale stale(In& in) {
  const auto kind = in.byte();
  in.require(kind <= static_cast<std::uint8_t>(Stale::Kind::credential));
  return {.kind = static_cast<Stale::Kind>(kind), .key = in.guid()};
}

std::string encoded(const Ended& ended) {
  Out out(Kind::ended);
  out.feed(ended.feed);
  out.guid(ended.subscription.guid);
  out.text(ended.reason);
  return out.take();
}

// The reason goes on to clients: a word, as model::name() makes them.
Ended ended(In& in) {
  Ended ended{.feed = in.feed(), .subscription = {}, .reason = {}};
  ended.subscription.guid = in.guid();
  ended.reason = in.text(kMaxReason);
  in.require(!ended.reason.empty() && std::ranges::all_of(ended.reason, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
  }));
  return ended;
}

std::string encoded(const Missed& missed) {
  Out out(Kind::missed);
  out.number(static_cast<std::uint64_t>(missed.group + 1));
  return out.take();
}

Missed missed(In& in) {
  const auto group = in.unsigned_number();
  in.require(group <= kGroups);
  return {.group = static_cast<int>(group) - 1};
}

std::string encoded(const Asks& asks) {
  Out out(Kind::asks);
  out.feed(asks.feed);
  out.guid(asks.question);
  return out.take();
}

Asks asks(In& in) {
  Asks asks{.feed = in.feed(), .question = {}};
  asks.question = in.guid();
  return asks;
}

std::string encoded(const Here& here) {
  Out out(Kind::here);
  out.guid(here.question);
  return out.take();
}

}  // namespace

std::string encode(const Message& message) {
  return std::visit([](const auto& one) { return encoded(one); }, message);
}

std::optional<Message> decode(std::string_view bytes) {
  In in(bytes);
  if (in.byte() != kVersion) return std::nullopt;
  std::optional<Message> message;
  switch (static_cast<Kind>(in.byte())) {
    case Kind::moved:
      message = moved(in);
      break;
    case Kind::stale:
      message = stale(in);
      break;
    case Kind::ended:
      message = ended(in);
      break;
    case Kind::missed:
      message = missed(in);
      break;
    case Kind::asks:
      message = asks(in);
      break;
    case Kind::here:
      message = Here{in.guid()};
      break;
  }
  return in.done() ? message : std::nullopt;
}

}  // namespace hg::bus
