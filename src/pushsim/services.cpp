#include "pushsim/services.h"

#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "pushsim/apns.h"
#include "pushsim/fcm.h"
#include "pushsim/inspection.h"
#include "pushsim/webpush.h"
#include "pushsim/wns.h"

namespace hg::pushsim {

namespace {

Answer nowhere() {
  net::Response response{.status = 404};
  response.headers.add("Content-Type", "text/plain");
  response.body = "No service of heliograph-pushsim is here; GET /sim tells what there is.\n";
  return {.response = std::move(response)};
}

Answer answer(World& world, const GoawayEverywhere& goaway, Call& call) {
  const std::string_view path = call.request.path;
  if (call.door == Door::apns || call.door == Door::apns_sandbox) return apns::push(world, call);
  if (path == "/sim" || path.starts_with("/sim/")) return inspect(world, goaway, call);
  if (path.starts_with("/push/")) return webpush::push(world, call);
  if (path.starts_with("/message/")) return webpush::withdraw(world, call);
  if (path.starts_with("/v1/projects/")) return fcm::push(world, call);
  if (path == "/token") return fcm::token(world, call);
  if (path == "/accesstoken.srf" || path.ends_with("/oauth2/v2.0/token")) return wns::token(world, call);
  if (path == "/" && call.request.query.contains("token=")) return wns::push(world, call);
  if (path.starts_with("/3/device/")) return apns::push(world, call);
  return nowhere();
}

}  // namespace

Service services(World& world, const GoawayEverywhere& goaway) {
  return [&world, &goaway](Call& call) -> asio::awaitable<Answer> {
    auto given = answer(world, goaway, call);
    if (given.delay > Duration{0}) {
      asio::steady_timer timer(co_await asio::this_coro::executor, given.delay);
      co_await timer.async_wait(asio::use_awaitable);
    }
    co_return given;
  };
}

}  // namespace hg::pushsim
