#include "pushsim/quotas.h"

#include <vector>

namespace hg::pushsim {

namespace {

constexpr std::size_t kMostWindows = 100'000;

}  // namespace

std::optional<Quotas::Exceeded> Quotas::take(std::string_view project, std::string_view device, Time now) {
  using std::chrono::hours, std::chrono::minutes;
  const std::string name = "project:" + std::string(project), to = "device:" + std::string(device);
  std::vector<Bound> bounds{{name, name, "Message rate exceeded", minutes(1), kProjectMinute}};
  if (!device.empty()) {
    bounds.push_back({to + "/minute", to, "Device message rate exceeded", minutes(1), kDeviceMinute});
    bounds.push_back({to + "/hour", to, "Device message rate exceeded", hours(1), kDeviceHour});
  }
  if (windows_.size() > kMostWindows) forget(now);
  std::vector<Window*> counted;
  for (const Bound& bound : bounds) {
    Window& window = windows_[bound.key];
    if (window.end <= now) window = {.end = now + bound.length};
    if (window.count >= bound.most) return Exceeded{bound.subject, std::string(bound.description), window.end - now};
    counted.push_back(&window);
  }
  for (Window* window : counted) ++window->count;
  return std::nullopt;
}

void Quotas::forget(Time now) {
  std::erase_if(windows_, [&](const auto& entry) { return entry.second.end <= now; });
}

}  // namespace hg::pushsim
