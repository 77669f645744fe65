// From a request to its answer: Host, CORS, route, headers, token and scope, handler, and the headers common to all.
#pragma once

#include <exception>
#include <string_view>

#include "api/context.h"

namespace hg::api {

// Shared by every loop; the services outlive it.
class Dispatch {
 public:
  explicit Dispatch(Services& services);

  // Throws what the handler threw: fault() answers it.
  asio::awaitable<net::Response> operator()(net::Request& request) const;

  // 503 where the store is full, busy or broken, else 500; with one line in the log.
  net::Response fault(const net::Request& request, std::exception_ptr thrown) const;
  // Of bytes that never became a request.
  net::Response refusal(int status, std::string_view reason, std::string_view target) const;

 private:
  struct Exchange;

  [[nodiscard]] Exchange begin(const net::Request& request) const;
  asio::awaitable<Result<net::Response>> handle(net::Request& request, Exchange& exchange) const;
  [[nodiscard]] std::optional<net::Response> preflight(const net::Request& request, const Exchange& exchange) const;
  [[nodiscard]] Result<net::Response> unmatched(Exchange& exchange, const net::Match& match) const;
  void finish(const net::Request& request, const Exchange& exchange, net::Response& response) const;

  Services& services_;
  net::Router router_;
  std::vector<const Route*> rows_;  // by the router's numbers
};

}  // namespace hg::api
