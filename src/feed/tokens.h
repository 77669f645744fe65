// The opaque texts that name things of a feed: ETags, UNSIDs, page tokens, tickets of notifications; and the ids of
// notifications. Nothing of them is stored; they are made and opened with keys derived from the deployment's own.
#pragma once

#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>

#include "base/id.h"
#include "base/result.h"
#include "base/time.h"
#include "crypto/seal.h"

namespace hg::feed {

struct Unsid {
  FeedKey feed;
  SubscriptionId subscription;
  auto operator<=>(const Unsid&) const = default;
};

enum class EtagFault : std::uint8_t { malformed, foreign, other_epoch };

// Where a list or a delta goes on. `kind` keeps the token of one from being used for the other.
enum class PageKind : std::uint8_t { list = 1, delta = 2 };
struct Page {
  std::int64_t version = 0;  // or whatever number the order is by
  NotificationId id;
  std::string extra = {};  // what the caller must find again, for example a hash of its query; up to 256 bytes
};

// What lets its holder see and settle one notification as this endpoint, without a token of the user's: while the
// content is of this version, and until it expires.
struct NotificationTicket {
  FeedKey feed;
  SubscriptionId subscription;
  NotificationId notification;
  std::int64_t content_version = 0;
  Time expires_at{};  // as the notification does
  auto operator<=>(const NotificationTicket&) const = default;
};

class Tokens {
 public:
  // `epoch` is the store's: a restored store makes a new one.
  Tokens(const crypto::SealingKey& key, std::uint32_t epoch);

  // 28 characters of base64url: format, epoch, version, 8 bytes of HMAC over user and app. Always the same text for the
  // same version of the same feed.
  [[nodiscard]] std::string etag(const FeedKey& feed, std::int64_t version) const;
  [[nodiscard]] std::expected<std::int64_t, EtagFault> parse_etag(const FeedKey& feed, std::string_view text) const;

  // base64url without padding of format, key id (both clear) and user, app, subscription under AES-SIV.
  [[nodiscard]] std::string unsid(const FeedKey& feed, const SubscriptionId& subscription) const;
  // Nullopt for what was not made here.
  [[nodiscard]] std::optional<Unsid> parse_unsid(std::string_view text) const;

  // base64url without padding of format, key id (both clear) and the rest under AES-SIV: 131 characters, for they go
  // into pushes, which may have no more than 4096 bytes. The same text for the same ticket.
  [[nodiscard]] std::string notification_ticket(const NotificationTicket& ticket) const;
  // Nullopt for what was not made here; whether it still holds is not looked at.
  [[nodiscard]] std::optional<NotificationTicket> parse_notification_ticket(std::string_view text) const;

  [[nodiscard]] std::string page(const FeedKey& feed, PageKind kind, const Page& page) const;
  // Code::invalid_query_option for a token that is malformed, of another feed or of another kind;
  // Code::sync_state_not_found for one of another epoch.
  [[nodiscard]] Result<Page> parse_page(const FeedKey& feed, PageKind kind, std::string_view text) const;

  // The same appNotificationId is the same notification, in that feed only.
  [[nodiscard]] NotificationId notification_id(const FeedKey& feed, std::string_view app_notification_id) const;

 private:
  [[nodiscard]] Buffer etag_mac(const FeedKey& feed, Bytes head) const;

  crypto::SealingKey etag_key_, unsid_key_, ticket_key_, page_key_, id_key_;
  std::uint32_t epoch_;
};

}  // namespace hg::feed
