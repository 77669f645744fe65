// From a request to its answer: Host, CORS, route, headers, token and scope, handler, and the headers common to all.
#pragma once

#include <exception>
#include <memory>
#include <string_view>

#include "api/context.h"
#include "api/crowd.h"
#include "api/traffic.h"
#include "net/server.h"

namespace hg::api {

// Shared by every loop; the services outlive it.
class Dispatch {
 public:
  explicit Dispatch(Services& services);

  // What the handler throws is answered like by fault().
  asio::awaitable<net::Response> operator()(net::Request& request) const;

  // The row that answers it; null where none does.
  [[nodiscard]] const Route* find(const net::Request& request) const;

  // Of an answer that broke while it was written: 503 where the store is full, busy or broken, else 500; with one line
  // in the log.
  net::Response fault(const net::Request& request, std::exception_ptr thrown) const;
  // Of bytes that never became a request.
  net::Response refusal(int status, std::string_view reason, std::string_view target) const;
  // Of a request beyond those that may be in progress, before anything was made of it; "" where it is to be handled.
  std::string turn_away(const net::Arrival& arrival) const;
  // Requests by route. From any thread.
  void measure(metrics::Page& page) const { traffic_->measure(page); }

 private:
  struct Exchange;

  [[nodiscard]] Exchange begin(const net::Request& request) const;
  // The rows that its listener answers.
  [[nodiscard]] const net::Router& router(const net::Request& request) const;
  asio::awaitable<Result<net::Response>> handle(net::Request& request, Exchange& exchange) const;
  [[nodiscard]] std::optional<net::Response> preflight(const net::Request& request, const Exchange& exchange) const;
  Result<void> count(const net::Request& request, const Route& route, const identity::Principal& principal,
                     Exchange& exchange) const;
  [[nodiscard]] Result<net::Response> unmatched(Exchange& exchange, const net::Match& match) const;
  [[nodiscard]] std::string crowded_answer(Shape shape, Time now, const std::string& request_id,
                                           const std::string& client_request_id) const;
  void finish(const net::Request& request, const Exchange& exchange, net::Response& response) const;

  Services& services_;
  const std::size_t most_;  // requests in progress on a loop
  net::Router all_, public_, operators_;
  std::vector<const Route*> rows_;  // by the routers' numbers
  std::unique_ptr<Traffic> traffic_;
  std::vector<std::unique_ptr<Crowd>> crowds_;  // by loop
};

}  // namespace hg::api
