// What a push platform can do, as the planner reads it: rules ask for traits, never for a platform's name.
#pragma once

#include <cstddef>
#include <cstdint>

#include "base/time.h"
#include "model/subscription.h"

namespace hg::model {

// How a notification that was delivered leaves a device where it was not handled, the quickest way there is.
enum class TakenBack : std::uint8_t {
  live_message,  // by its live connection
  silent_push,   // by a push that shows nothing
  next_wake_up,  // when the app's code runs the next time
  never,
};

struct Traits {
  ChannelKind kind = ChannelKind::live;
  bool pushed = false;  // by a sender; false: told by live connections alone
  // Visual content is shown by the platform itself; false: the app's own code shows it from the signal.
  bool shows_visual = false;
  bool silent = false;           // can be told of a change without showing anything
  int silent_an_hour = 0;        // more than that a device may not get; 0: no budget
  bool replaces = false;         // a later one of the same id takes the place of a delivered one
  bool withdraws = false;        // what still waits at the platform can be taken back (push::Verdict::location)
  std::size_t most_payload = 0;  // bytes, before encryption
  Duration longest_kept{};       // that the platform keeps what it cannot deliver yet
  TakenBack taken_back = TakenBack::never;
};

}  // namespace hg::model
