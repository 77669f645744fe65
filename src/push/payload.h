// What all platforms' payloads have in common: the signal as JSON, and how too long a text is made to fit.
#pragma once

#include <string>
#include <string_view>

#include "base/function_ref.h"
#include "base/json.h"
#include "push/sender.h"

namespace hg::push {

// The signal of the feed API as one JSON object; without its activities where `contents` is false.
std::string signal_text(const Signal& signal, bool contents = true);

// What of a message is written: all, or as much as fits.
struct Fitting {
  std::string_view title, body;
  bool contents = true;  // the signal's activities
};
// The most of `message` that `write` makes no more than `most` bytes of: first the signal goes without its activities,
// then the body is shortened, then the title, at a character and with an ellipsis.
std::string fit(const Message& message, std::size_t most, FunctionRef<std::string(const Fitting&)> write);

// By which what waits at a platform is replaced: the notification's id; one name for all that are about none, another
// for what is about the subscription.
std::string_view collapse_name(const Message& message);
// The first 32 characters of its SHA-256 in base64url: what has to be short.
std::string short_name(std::string_view name);

}  // namespace hg::push
