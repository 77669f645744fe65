#include "net/wheel.h"

#include <algorithm>

namespace hg::net {

namespace {

void unlink(AlarmLink& link) {
  link.previous->next = link.next;
  link.next->previous = link.previous;
  link.previous = link.next = &link;
}

void append(AlarmLink& list, AlarmLink& link) {
  link.previous = list.previous;
  link.next = &list;
  list.previous->next = &link;
  list.previous = &link;
}

// Moves all of `from` to the empty `to`.
void splice(AlarmLink& to, AlarmLink& from) {
  if (from.next == &from) return;
  to.next = from.next;
  to.previous = from.previous;
  to.next->previous = to.previous->next = &to;
  from.previous = from.next = &from;
}

}  // namespace

void Alarm::disarm() { unlink(*this); }

void Wheel::arm(Alarm& alarm, Duration delay) {
  alarm.disarm();
  // One notch more: the present one is already partly over.
  alarm.due_ = now_ + static_cast<std::uint64_t>((std::max(delay, Duration{0}) + kNotch - Duration{1}) / kNotch) + 1;
  append(slots_[alarm.due_ % kSlots], alarm);
}

void Wheel::turn() {
  ++now_;
  AlarmLink due;
  splice(due, slots_[now_ % kSlots]);
  while (due.next != &due) {
    auto& alarm = static_cast<Alarm&>(*due.next);
    alarm.disarm();
    if (alarm.due_ > now_) {
      append(slots_[alarm.due_ % kSlots], alarm);  // another round
    } else {
      alarm.call_(alarm.owner_);
    }
  }
}

bool Wheel::empty() const {
  return std::ranges::all_of(slots_, [](const AlarmLink& slot) { return slot.next == &slot; });
}

}  // namespace hg::net
