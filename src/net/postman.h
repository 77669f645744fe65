// Mails, on a thread of their own: libcurl waits for a relay's last word on the thread that it was called from, and a
// relay may take its time over a mail. Meanwhile further mails wait, and nobody else.
#pragma once

#include <atomic>

#include "net/client.h"
#include "net/loop.h"

namespace hg::net {

class Postman {
 public:
  explicit Postman(ClientOptions options);
  ~Postman();
  Postman(const Postman&) = delete;
  Postman& operator=(const Postman&) = delete;

  // As Client::post, from a coroutine of any loop, which goes on there.
  asio::awaitable<Reached<Answer>> post(Posting posting);
  // What is under way is answered `stopped` or `broken`, later mails too. Waits for the thread, within a second or so.
  // Not on the thread of its own.
  void stop();

 private:
  std::atomic<bool> ending_ = false;
  Loops thread_{1};
  Client client_;
};

}  // namespace hg::net
