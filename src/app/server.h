// The composition root: the only place that names concrete things and knows how they hang together. Opened without
// listeners it answers commands in this process; listening, it is the server.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "app/config.h"
#include "app/data.h"
#include "base/result.h"
#include "net/http.h"

namespace hg::app {

class Server {
 public:
  // Takes the directory's lock, opens store and keys. Code::conflict where another process holds it.
  static Result<std::unique_ptr<Server>> open(Config config);
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  // One request, in this process, from a thread that is not one of the loops.
  net::Response ask(net::Request request);

  // Starts all listeners; the addresses that were bound, "http://127.0.0.1:8080". Code::unavailable for a busy port,
  // Code::property_invalid for plain HTTP that leaves the machine.
  Result<std::vector<std::string>> listen();
  // Tells live clients to come back, answers what is in flight, stops. True: all was answered in time.
  bool drain();
  [[nodiscard]] std::string tenant() const;

  // On SIGHUP: the certificate again, which otherwise is read again when its files change, and, where the configuration
  // could be read, what it says of how many calls may be made.
  void reload(const Config* config);

 private:
  struct Parts;
  explicit Server(std::unique_ptr<Parts> parts);
  std::unique_ptr<Parts> parts_;
};

}  // namespace hg::app
