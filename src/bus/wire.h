// How messages travel between machines: a version, a kind, and what it needs, in few bytes. What was made elsewhere,
// broken, or of a later version is no message.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "bus/bus.h"

namespace hg::bus {

// A change that would not fit is left out: its readers then read the store.
std::string encode(const Message& message);
// Each message has one encoding; anything else is nullopt.
std::optional<Message> decode(std::string_view bytes);

}  // namespace hg::bus
