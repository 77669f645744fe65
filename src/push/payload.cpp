#include "push/payload.h"

#include <algorithm>
#include <span>

#include "crypto/hash.h"
#include "model/activity.h"

namespace hg::push {

namespace {

constexpr std::string_view kEllipsis = "…";

// At most `bytes` of it, whole characters only, and an ellipsis where something is missing.
std::string shortened(std::string_view text, std::size_t bytes) {
  if (bytes >= text.size()) return std::string(text);
  const auto inside = [&](std::size_t at) { return (static_cast<unsigned char>(text[at]) & 0xC0U) == 0x80U; };
  while (bytes > 0 && inside(bytes)) --bytes;
  return std::string(text.substr(0, bytes)) + std::string(kEllipsis);
}

// The longest shortening of `text` with which `written` is not too long; nullopt where none is.
std::optional<std::string> longest(std::string_view text, std::size_t most,
                                   FunctionRef<std::string(std::string_view)> written) {
  std::size_t fits = 0, too_long = text.size();
  std::string best = written(shortened(text, 0));
  if (best.size() > most) return std::nullopt;
  while (too_long - fits > 1) {
    const std::size_t middle = fits + (too_long - fits) / 2;
    std::string one = written(shortened(text, middle));
    if (one.size() <= most) {
      fits = middle;
      best = std::move(one);
    } else {
      too_long = middle;
    }
  }
  return best;
}

}  // namespace

std::string signal_text(const Signal& signal, bool contents) {
  const bool all = contents && signal.contents;
  std::string text =
      model::signal_json(all ? model::kChange : model::kChangeNotification, signal.base_etag, signal.new_etag,
                         signal.cv, signal.subscription_id, signal.unread,
                         all ? std::span(signal.activities) : std::span<const std::string>(), signal.ticket);
  if (!signal.expiring) return text;
  text.back() = ',';
  std::string subscription;
  JsonWriter(subscription).object().field("state", "expiring").field("expirationDateTime", *signal.expiring).end();
  return text + "\"subscription\":" + subscription + '}';
}

std::string fit(const Message& message, std::size_t most, FunctionRef<std::string(const Fitting&)> write) {
  std::string all = write({message.title, message.body, true});
  if (all.size() <= most) return all;
  std::string without = write({message.title, message.body, false});
  if (without.size() <= most) return without;
  const auto with_body = [&](std::string_view body) { return write({message.title, body, false}); };
  if (auto shorter = longest(message.body, most, with_body)) return *std::move(shorter);
  const auto with_title = [&](std::string_view title) { return write({title, "", false}); };
  return longest(message.title, most, with_title).value_or(write({"", "", false}));
}

std::string_view collapse_name(const Message& message) {
  if (message.signal.expiring) return "subscription";
  return message.id.empty() ? std::string_view("changes") : message.id;
}

std::string short_name(std::string_view name) { return base64url(crypto::sha256(name)).substr(0, 32); }

}  // namespace hg::push
