#include "api/context.h"

#include "store/users.h"

namespace hg::api {

asio::awaitable<std::string> UserNames::upn(UserId user, Time now) {
  if (const std::string* known = names_.find(user, now)) co_return *known;
  const auto found = co_await database_.read([&](store::Connection& tx) { return store::users::find(tx, user); });
  if (!found) co_return std::string();
  names_.put(user, found->upn, now + std::chrono::hours(1));
  co_return found->upn;
}

Result<json::value> body_json(const Call& call) { return parse_json(call.request.body, call.services.settings.json); }

net::Response json_response(int status, std::string body) {
  net::Response response;
  response.status = status;
  response.body = std::move(body);
  return response;
}

net::Response no_content() {
  net::Response response;
  response.status = 204;
  return response;
}

}  // namespace hg::api
