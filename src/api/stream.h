// One live connection: between net::Live, which speaks to the client, and feed::Live, its place in the hub.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "api/live.h"
#include "feed/hub.h"
#include "net/live.h"

namespace hg::api {

// What was asked for.
struct StreamOrder {
  FeedKey feed;
  std::optional<model::Subscription> endpoint;  // named as its own
  std::string etag;                             // to go on from
  identity::Principal principal;
  std::string base;
  Guid ticket;  // that opened it by Server-Sent Events, or zero
};

// Owned by the callbacks of its net::Live. On its loop.
class Stream : public std::enable_shared_from_this<Stream> {
 public:
  Stream(Services& services, Here& here, StreamOrder order);
  ~Stream();
  Stream(const Stream&) = delete;
  Stream& operator=(const Stream&) = delete;

  // After the handshake.
  void start(const std::shared_ptr<net::Live>& live);
  // Closes it where its token no longer holds.
  void recheck();
  // A ticket was opened again. The first time that is this stream's own opening.
  void ticket_opened(const Guid& ticket);

 private:
  bool tell(const feed::LiveMessage& message);
  void hear(std::string_view text);
  asio::awaitable<void> answer(std::string text);
  asio::awaitable<std::optional<std::string>> reply_to(const json::object& message);
  asio::awaitable<Result<model::Changed>> update(const json::object& message, NotificationId id);
  asio::awaitable<Result<model::Changed>> change(model::ChangeRequest request);
  Result<void> renew_token(std::string_view token);
  void arm();
  void expired();
  void drained();
  void restarting(net::Live& live);
  void close(std::uint16_t code, std::string_view reason);

  Services& services_;
  Here& here_;
  std::shared_ptr<std::unordered_set<Stream*>> others_;  // of this loop, itself among them
  StreamOrder order_;
  bool opened_ = false;
  bool unheard_ = false;  // an answer waits to be taken: until then its client is not heard
  std::weak_ptr<net::Live> live_;
  feed::Live place_;
  net::Alarm alarm_;  // when the token ends
};

}  // namespace hg::api
