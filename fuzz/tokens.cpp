// The opaque texts that clients bring back: ETags, UNSIDs, tickets, page tokens. Forged ones are refused, own ones are
// found again, and one changed character makes an own one a forged one.
#include "feed/tokens.h"

#include <string>

#include "fuzzing.h"

using namespace hg;
using hg::fuzz::promise;

namespace {

const feed::Tokens& tokens() {
  static const std::string secret(crypto::SealingKey::kSize, 'k');
  static const feed::Tokens made(*crypto::SealingKey::from_bytes(as_bytes(secret)), 7);
  return made;
}

Guid guid(fuzz::Input& input) {
  std::string bytes(input.take(16));
  bytes.resize(16);
  return Guid::from_bytes(as_bytes(bytes)).value();
}

// `text` with one character changed; "" where it would still be the same bytes.
std::string changed(std::string text, std::size_t at, std::uint8_t by) {
  const auto before = from_base64url(text);
  auto& character = text[at % text.size()];
  character = static_cast<char>(static_cast<unsigned char>(character) ^ (by | 1U));
  const auto after = from_base64url(text);
  return before == after ? "" : text;
}

void check_foreign(const FeedKey& feed, std::string_view text) {
  promise(!tokens().parse_unsid(text), "a UNSID made elsewhere is none");
  promise(!tokens().parse_etag(feed, text), "an ETag made elsewhere is none");
  promise(!tokens().parse_notification_ticket(text), "a ticket made elsewhere is none");
  for (const auto kind : {feed::PageKind::list, feed::PageKind::delta})
    promise(!tokens().parse_page(feed, kind, text), "a page token made elsewhere is none");
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  fuzz::Input input(data, size);
  const auto at = input.byte(), by = input.byte();
  const FeedKey feed{UserId{guid(input)}, AppId{guid(input)}};
  const SubscriptionId subscription{guid(input)};
  const feed::Page page{
      .version = at * 1'000'003LL, .id = NotificationId{guid(input)}, .extra = std::string(input.rest())};
  check_foreign(feed, input.rest());

  const auto unsid = tokens().unsid(feed, subscription);
  promise(tokens().parse_unsid(unsid) == feed::Unsid{feed, subscription}, "a UNSID names its subscription");
  promise(!tokens().parse_unsid(changed(unsid, at, by)), "a changed UNSID is none");

  const auto etag = tokens().etag(feed, page.version);
  promise(tokens().parse_etag(feed, etag) == page.version, "an ETag names its version");
  promise(!tokens().parse_etag(feed, changed(etag, at, by)), "a changed ETag is none");

  const feed::NotificationTicket ticket{.feed = feed,
                                        .subscription = subscription,
                                        .notification = page.id,
                                        .content_version = at,
                                        .expires_at = from_ms(page.version)};
  const auto shown = tokens().notification_ticket(ticket);
  promise(tokens().parse_notification_ticket(shown) == ticket, "a ticket opens its notification");
  promise(!tokens().parse_notification_ticket(changed(shown, at, by)), "a changed ticket is none");

  const auto link = tokens().page(feed, feed::PageKind::list, page);
  const auto opened = tokens().parse_page(feed, feed::PageKind::list, link);
  promise(opened && opened->version == page.version && opened->id == page.id, "a page token names its page");
  promise(page.extra.starts_with(opened->extra), "a page token keeps what the caller must find again");
  promise(!tokens().parse_page(feed, feed::PageKind::delta, link), "a list's token is none of a delta");
  promise(!tokens().parse_page(feed, feed::PageKind::list, changed(link, at, by)), "a changed page token is none");
  return 0;
}
