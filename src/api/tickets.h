// Tickets that open live connections where no Authorization header can be sent: 60 seconds, for one opening. One that
// was opened by Server-Sent Events re-opens, with Last-Event-ID, until the token it stands for ends. Kept as hashes.
#pragma once

#include <optional>
#include <string>

#include "api/context.h"

namespace hg::api::tickets {

inline constexpr Duration kLife = std::chrono::seconds(60);

struct Grant {
  identity::Principal principal;
  std::optional<feed::Unsid> endpoint;  // that was named when it was issued; a zero subscription: the feed alone
};

asio::awaitable<std::string> issue(Call& call, Grant grant);

// Code::token_invalid for one that is unknown, over, or was opened before; whatever its token is refused for by now.
asio::awaitable<Result<Grant>> redeem(Call& call, std::string ticket, bool events);

// How streams that it opened know each other.
Guid name_of(std::string_view ticket);

}  // namespace hg::api::tickets
