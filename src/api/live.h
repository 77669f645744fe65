// Live connections (docs/http-api.md): WebSocket or Server-Sent Events over net::Live, fed by feed::Hub.
#pragma once

#include <memory>
#include <string_view>
#include <unordered_set>

#include "api/context.h"
#include "bus/bus.h"
#include "net/loop.h"

namespace hg::api {

class Stream;

// The live connections of one loop; they are owned by the server's. On its loop.
class Streams {
 public:
  Streams(net::Loop& loop, bus::Bus& bus);
  Streams(const Streams&) = delete;
  Streams& operator=(const Streams&) = delete;

  // The directory changed: closes those whose token no longer holds (4403). Call it on every loop after each reload.
  void recheck();
  [[nodiscard]] std::size_t size() const { return streams_->size(); }

 private:
  friend class Stream;
  void end_ticket(const Guid& ticket);

  // Shared with each stream: what is left of a loop that was stopped may go after this.
  std::shared_ptr<std::unordered_set<Stream*>> streams_ = std::make_shared<std::unordered_set<Stream*>>();
  std::shared_ptr<bus::Listener> listening_;
};

namespace live {

Answer open(Call& call);       // of a feed: ?subscription=, X-UNS-ID, ?targetHostName=, the ticket's, the only one
Answer open_view(Call& call);  // of the subscription in the path
Answer issue_ticket(Call& call);
Answer issue_view_ticket(Call& call);

}  // namespace live
}  // namespace hg::api
