// Messages for what is not online: a browser's are kept for their TTL, replaced by Topic, taken back by DELETE; a
// device of Apple's has one of each app.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "base/json.h"
#include "base/time.h"

namespace hg::pushsim {

class MessageQueue {
 public:
  struct Message {
    std::string endpoint, topic;
    Time expires{};
    json::object details = {};  // as the journal has them
  };

  // Takes the place of one to the same endpoint with the same topic (RFC 8030 §5.4): its id is answered.
  std::optional<std::string> add(std::string id, Message message);
  // False: it is not there (any more).
  bool remove(std::string_view id, Time now);
  // What waits for `endpoint`, in no order; expired ones are not among them.
  [[nodiscard]] json::array waiting(std::string_view endpoint, Time now) const;
  // The browser came: all of its are delivered.
  void deliver(std::string_view endpoint);
  void clear() { all_.clear(); }

 private:
  std::map<std::string, Message, std::less<>> all_;
};

}  // namespace hg::pushsim
