// GUIDs and the strong identifiers made of them: a function that takes UserId, AppId cannot be called the wrong way
// round.
#pragma once

#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace hg {

using Bytes = std::span<const std::byte>;

// 16 bytes in network order (RFC 9562).
struct Guid {
  std::array<std::byte, 16> bytes{};

  auto operator<=>(const Guid&) const = default;
  [[nodiscard]] bool zero() const { return *this == Guid{}; }
  // Lower case with hyphens, 36 characters.
  [[nodiscard]] std::string str() const;
  [[nodiscard]] Bytes view() const { return bytes; }

  // Either case, with hyphens, with or without braces; anything else is nullopt.
  static std::optional<Guid> parse(std::string_view text);
  // Exactly 16 bytes; anything else is nullopt.
  static std::optional<Guid> from_bytes(Bytes raw);
  // From the first 16 of `raw` (at least 16), marked as RFC 9562 version 8: a name-based id of our own making.
  static Guid v8(Bytes raw);
};

template <class Tag>
struct Id {
  Guid guid{};

  auto operator<=>(const Id&) const = default;
  [[nodiscard]] bool zero() const { return guid.zero(); }
  [[nodiscard]] std::string str() const { return guid.str(); }
  [[nodiscard]] Bytes view() const { return guid.view(); }

  static std::optional<Id> parse(std::string_view text) {
    if (auto guid = Guid::parse(text)) return Id{*guid};
    return std::nullopt;
  }
};

using UserId = Id<struct UserTag>;
using AppId = Id<struct AppTag>;                  // a cross-device app
using ApplicationId = Id<struct ApplicationTag>;  // an app registration; its text is the client id
using SubscriptionId = Id<struct SubscriptionTag>;
using NotificationId = Id<struct NotificationTag>;
using TenantId = Id<struct TenantTag>;

// The top 14 bits: every key of a user's data begins with it, so that the data distributes.
constexpr std::int64_t shard_of(const Guid& guid) {
  return (std::to_integer<std::int64_t>(guid.bytes[0]) << 6) | (std::to_integer<std::int64_t>(guid.bytes[1]) >> 2);
}

// One user's notifications in one cross-device app.
struct FeedKey {
  UserId user;
  AppId app;

  auto operator<=>(const FeedKey&) const = default;
  [[nodiscard]] std::int64_t shard() const { return shard_of(user.guid); }
};

}  // namespace hg

template <>
struct std::hash<hg::Guid> {
  std::size_t operator()(const hg::Guid& guid) const noexcept;
};
template <class Tag>
struct std::hash<hg::Id<Tag>> {
  std::size_t operator()(const hg::Id<Tag>& id) const noexcept { return std::hash<hg::Guid>{}(id.guid); }
};
template <>
struct std::hash<hg::FeedKey> {
  std::size_t operator()(const hg::FeedKey& key) const noexcept {
    return std::hash<hg::UserId>{}(key.user) * 31 + std::hash<hg::AppId>{}(key.app);
  }
};
