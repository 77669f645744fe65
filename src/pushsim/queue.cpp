#include "pushsim/queue.h"

#include <utility>

namespace hg::pushsim {

std::optional<std::string> MessageQueue::add(std::string id, Message message) {
  std::optional<std::string> replaced;
  for (auto it = all_.begin(); it != all_.end() && !message.topic.empty(); ++it) {
    if (it->second.endpoint != message.endpoint || it->second.topic != message.topic) continue;
    replaced = it->first;
    all_.erase(it);
    break;
  }
  all_.emplace(std::move(id), std::move(message));
  return replaced;
}

bool MessageQueue::remove(std::string_view id, Time now) {
  const auto found = all_.find(id);
  if (found == all_.end()) return false;
  const bool alive = found->second.expires > now;
  all_.erase(found);
  return alive;
}

json::array MessageQueue::waiting(std::string_view endpoint, Time now) const {
  json::array out;
  for (const auto& [id, message] : all_) {
    if (message.endpoint != endpoint || message.expires <= now) continue;
    json::object one{{"id", id}, {"expires", iso(message.expires)}};
    for (const auto& [key, value] : message.details) one[key] = value;
    out.push_back(std::move(one));
  }
  return out;
}

void MessageQueue::deliver(std::string_view endpoint) {
  std::erase_if(all_, [&](const auto& entry) { return entry.second.endpoint == endpoint; });
}

}  // namespace hg::pushsim
