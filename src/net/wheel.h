// Timeouts by the thousand on one timer: alarms hang in the slots of a wheel that turns a notch every 250 ms.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "base/time.h"

namespace hg::net {

class Wheel;

struct AlarmLink {
  AlarmLink* previous = this;
  AlarmLink* next = this;
};

// A call that a Wheel makes once, later. Lives inside its owner; leaves the wheel when destroyed.
class Alarm : private AlarmLink {
 public:
  using Call = void (*)(void*);
  Alarm(void* owner, Call call) : owner_(owner), call_(call) {}
  // Alarm alarm_ = Alarm::of<&Connection::expired>(this);
  template <auto Member, class Owner>
  static Alarm of(Owner* owner) {
    return Alarm(owner, [](void* self) { (static_cast<Owner*>(self)->*Member)(); });
  }
  ~Alarm() { disarm(); }
  Alarm(const Alarm&) = delete;
  Alarm& operator=(const Alarm&) = delete;

  void disarm();
  [[nodiscard]] bool armed() const { return next != this; }

 private:
  friend class Wheel;
  void* owner_;
  Call call_;
  std::uint64_t due_ = 0;  // the notch
};

// Pure bookkeeping; Loop turns it. All on one thread.
class Wheel {
 public:
  static constexpr Duration kNotch{250};

  // Rings once, not before `delay`, up to two notches later. Arming again moves it.
  void arm(Alarm& alarm, Duration delay);
  // One notch passes: the alarms that are due ring. An alarm may arm, disarm and destroy any alarm, itself included.
  void turn();
  [[nodiscard]] bool empty() const;

 private:
  static constexpr std::size_t kSlots = 512;

  std::array<AlarmLink, kSlots> slots_;
  std::uint64_t now_ = 0;
};

}  // namespace hg::net
