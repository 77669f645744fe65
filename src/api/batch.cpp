#include "api/batch.h"

#include <fmt/format.h>

#include "api/dispatch.h"
#include "api/headers.h"
#include "api/problem.h"
#include "api/routes.h"
#include "base/together.h"

namespace hg::api::batch {
namespace {

// Of the connection, not of an answer within another.
constexpr std::string_view kOfTheConnection[] = {"Strict-Transport-Security", "X-Content-Type-Options", "Vary"};

// What is opened or split once more cannot be a part.
Result<void> check_alone(const Call& call, const std::vector<Member>& members) {
  for (std::size_t i = 0; i < members.size(); ++i) {
    const Route* route = call.dispatch.find(members[i].request);
    if (route != nullptr && route->is(kAlone))
      return fail(Code::property_invalid, fmt::format("{} {} cannot be one of a batch", route->method, route->pattern),
                  fmt::format("/requests/{}/url", i));
  }
  return {};
}

// The door of a request, which a member is: its fault is its own answer, and the others have theirs.
asio::awaitable<void> answer(const Dispatch& dispatch, Member& member) {
  std::exception_ptr thrown;
  try {
    member.answer = co_await dispatch(member.request);
    if (member.answer.more) {
      while (co_await member.answer.more(member.answer.body)) {
      }
    }
  } catch (...) {
    thrown = std::current_exception();
  }
  if (thrown) member.answer = dispatch.fault(member.request, thrown);
}

// The first that it depends on and that did not succeed.
const Member* failed(const std::vector<Member>& members, const Member& member) {
  const auto found =
      std::ranges::find_if(member.after, [&](std::size_t other) { return members[other].answer.status >= 400; });
  return found == member.after.end() ? nullptr : &members[*found];
}

net::Response failed_dependency(const Call& call, const Member& cause) {
  const Error error{Code::failed_dependency, fmt::format("it depends on the request \"{}\", which was answered {}",
                                                         cause.id, cause.answer.status)};
  return graph_problem(error, {call.request_id, call.client_request_id, call.now, call.base});
}

asio::awaitable<void> run_wave(const Call& call, std::vector<Member>& members, const std::vector<std::size_t>& wave) {
  std::vector<asio::awaitable<void>> running;
  for (const std::size_t i : wave) {
    const Member* cause = failed(members, members[i]);
    if (cause != nullptr) members[i].answer = failed_dependency(call, *cause);
    if (cause == nullptr) running.push_back(answer(call.dispatch, members[i]));
  }
  co_await together(co_await asio::this_coro::executor, std::move(running));
}

void write(JsonWriter& out, const Member& member) {
  const net::Response& answer = member.answer;
  out.object().field("id", member.id).field("status", answer.status).key("headers").object();
  for (const net::Field& field : answer.headers) {
    if (std::ranges::find(kOfTheConnection, field.name) == std::end(kOfTheConnection))
      out.field(field.name, field.value);
  }
  out.end();
  if (!answer.body.empty()) {
    out.key("body");
    if (is_json(answer.headers)) out.raw(answer.body);
    if (!is_json(answer.headers)) out.value(base64(as_bytes(answer.body)));
  }
  out.end();
}

}  // namespace

Answer run(Call& call) {
  HG_CO_TRY(const auto body, body_json(call));
  HG_CO_TRY(auto members, read(call.request, call.version, body));
  HG_CO_CHECK(check_alone(call, members));
  HG_CO_TRY(const Waves order, waves(members));
  for (const auto& wave : order) co_await run_wave(call, members, wave);
  std::string text;
  JsonWriter out(text);
  out.object().key("responses").array();
  for (const Member& member : members) write(out, member);
  out.end().end();
  co_return json_response(200, std::move(text));
}

}  // namespace hg::api::batch
