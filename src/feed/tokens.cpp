#include "feed/tokens.h"

#include <cstring>
#include <initializer_list>

#include "crypto/hash.h"
#include "model/notification.h"

namespace hg::feed {
namespace {

constexpr std::byte kEtagFormat{1}, kUnsidFormat{1}, kTicketFormat{1}, kPageFormat{1};
constexpr std::byte kKeyId{1};  // which key sealed it, once there are several
constexpr std::size_t kGuid = 16, kEtagHead = 13, kEtagMac = 8, kTag = 16;
constexpr std::size_t kMaxExtra = 256;

void append(Buffer& out, Bytes bytes) { out.insert(out.end(), bytes.begin(), bytes.end()); }

template <class Number>
void append_number(Buffer& out, Number number) {
  for (int shift = (static_cast<int>(sizeof(Number)) - 1) * 8; shift >= 0; shift -= 8) {
    out.push_back(static_cast<std::byte>(static_cast<std::uint64_t>(number) >> shift));
  }
}

template <class Number>
Number read_number(Bytes bytes) {
  std::uint64_t number = 0;
  for (const auto byte : bytes.first(sizeof(Number))) number = (number << 8) | std::to_integer<std::uint64_t>(byte);
  return static_cast<Number>(number);
}

Guid read_guid(Bytes bytes) { return Guid::from_bytes(bytes.first(kGuid)).value(); }

Buffer feed_bytes(const FeedKey& feed) {
  Buffer out;
  append(out, feed.user.view());
  append(out, feed.app.view());
  return out;
}

}  // namespace

Tokens::Tokens(const crypto::SealingKey& key, std::uint32_t epoch)
    : etag_key_(key.subkey("etag")),
      unsid_key_(key.subkey("unsid")),
      ticket_key_(key.subkey("notification ticket")),
      page_key_(key.subkey("page")),
      id_key_(key.subkey("notification id")),
      epoch_(epoch) {}

Buffer Tokens::etag_mac(const FeedKey& feed, Bytes head) const {
  const auto mac = crypto::hmac_sha256(etag_key_.bytes(), {head, feed.user.view(), feed.app.view()});
  return {mac.begin(), mac.begin() + kEtagMac};
}

std::string Tokens::etag(const FeedKey& feed, std::int64_t version) const {
  Buffer out{kEtagFormat};
  append_number(out, epoch_);
  append_number(out, version);
  append(out, etag_mac(feed, out));
  return base64url(out);
}

std::expected<std::int64_t, EtagFault> Tokens::parse_etag(const FeedKey& feed, std::string_view text) const {
  const auto raw = from_base64url(text);
  if (!raw || raw->size() != kEtagHead + kEtagMac || raw->front() != kEtagFormat) {
    return std::unexpected(EtagFault::malformed);
  }
  const Bytes bytes(*raw);
  const auto head = bytes.first(kEtagHead);
  if (!crypto::equal(etag_mac(feed, head), bytes.subspan(kEtagHead))) return std::unexpected(EtagFault::foreign);
  if (read_number<std::uint32_t>(head.subspan(1)) != epoch_) return std::unexpected(EtagFault::other_epoch);
  return read_number<std::int64_t>(head.subspan(5));
}

std::string Tokens::unsid(const FeedKey& feed, const SubscriptionId& subscription) const {
  Buffer out{kUnsidFormat, kKeyId};
  auto clear = feed_bytes(feed);
  append(clear, subscription.view());
  append(out, unsid_key_.seal_siv(Bytes(out), clear));
  return base64url(out);
}

std::optional<Unsid> Tokens::parse_unsid(std::string_view text) const {
  const auto raw = from_base64url(text);
  if (!raw || raw->size() != 2 + kTag + 3 * kGuid || (*raw)[0] != kUnsidFormat || (*raw)[1] != kKeyId) {
    return std::nullopt;
  }
  const Bytes bytes(*raw);
  const auto clear = unsid_key_.open_siv(bytes.first(2), bytes.subspan(2));
  if (!clear || clear->size() != 3 * kGuid) return std::nullopt;
  const Bytes names(*clear);
  return Unsid{{UserId{read_guid(names)}, AppId{read_guid(names.subspan(kGuid))}},
               SubscriptionId{read_guid(names.subspan(2 * kGuid))}};
}

std::string Tokens::notification_ticket(const NotificationTicket& ticket) const {
  Buffer out{kTicketFormat, kKeyId};
  auto clear = feed_bytes(ticket.feed);
  append(clear, ticket.subscription.view());
  append(clear, ticket.notification.view());
  append_number(clear, ticket.content_version);
  append_number(clear, to_ms(ticket.expires_at));
  append(out, ticket_key_.seal_siv(Bytes(out), clear));
  return base64url(out);
}

std::optional<NotificationTicket> Tokens::parse_notification_ticket(std::string_view text) const {
  const auto raw = from_base64url(text);
  constexpr std::size_t kClear = 4 * kGuid + 2 * sizeof(std::int64_t);
  if (!raw || raw->size() != 2 + kTag + kClear || (*raw)[0] != kTicketFormat || (*raw)[1] != kKeyId) {
    return std::nullopt;
  }
  const Bytes bytes(*raw);
  const auto clear = ticket_key_.open_siv(bytes.first(2), bytes.subspan(2));
  if (!clear || clear->size() != kClear) return std::nullopt;
  const Bytes names(*clear);
  return NotificationTicket{
      .feed = {UserId{read_guid(names)}, AppId{read_guid(names.subspan(kGuid))}},
      .subscription = SubscriptionId{read_guid(names.subspan(2 * kGuid))},
      .notification = NotificationId{read_guid(names.subspan(3 * kGuid))},
      .content_version = read_number<std::int64_t>(names.subspan(4 * kGuid)),
      .expires_at = from_ms(read_number<std::int64_t>(names.subspan(4 * kGuid + sizeof(std::int64_t))))};
}

std::string Tokens::page(const FeedKey& feed, PageKind kind, const Page& page) const {
  Buffer associated{kPageFormat, static_cast<std::byte>(kind)};
  append(associated, feed_bytes(feed));
  Buffer clear;
  append_number(clear, epoch_);
  append_number(clear, page.version);
  append(clear, page.id.view());
  append(clear, as_bytes(std::string_view(page.extra).substr(0, kMaxExtra)));
  Buffer out{kPageFormat};
  append(out, page_key_.seal_siv(associated, clear));
  return base64url(out);
}

Result<Page> Tokens::parse_page(const FeedKey& feed, PageKind kind, std::string_view text) const {
  const auto refuse = [] {
    return fail(Code::invalid_query_option, "the page token is not one of this collection; follow the links as given",
                "$skiptoken");
  };
  const auto raw = from_base64url(text);
  constexpr std::size_t kFixed = 4 + 8 + kGuid;
  if (!raw || raw->size() < 1 + kTag + kFixed || raw->front() != kPageFormat) return refuse();
  Buffer associated{kPageFormat, static_cast<std::byte>(kind)};
  append(associated, feed_bytes(feed));
  const auto clear = page_key_.open_siv(associated, Bytes(*raw).subspan(1));
  if (!clear || clear->size() < kFixed) return refuse();
  const Bytes bytes(*clear);
  if (read_number<std::uint32_t>(bytes) != epoch_) {
    return fail(Code::sync_state_not_found, "the page token was made before the store was restored; start again");
  }
  return Page{.version = read_number<std::int64_t>(bytes.subspan(4)),
              .id = NotificationId{read_guid(bytes.subspan(12))},
              .extra = std::string(as_text(bytes.subspan(kFixed)))};
}

NotificationId Tokens::notification_id(const FeedKey& feed, std::string_view app_notification_id) const {
  const auto mac = crypto::hmac_sha256(id_key_.bytes(), {model::id_material(feed, app_notification_id)});
  return NotificationId{Guid::v8(mac)};
}

}  // namespace hg::feed
