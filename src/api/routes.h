// THE route table: every call of every API as a row of data. dispatch.cpp turns it into behaviour, the tests walk it.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "api/context.h"

namespace hg::api {

// Who may call, and with which scope.
enum class Who : std::uint8_t {
  open,         // anybody; a token is not looked at
  token,        // whoever has a token of ours
  profile,      // a user, with any scope of ours or User.Read
  user,         // a user, with Notifications.ReadWrite.CreatedByApp
  feed_user,    // a user, with that or UserActivity.ReadWrite.CreatedByApp
  either,       // as `user`, or an application for itself
  application,  // an application for itself
  ticket,       // whoever shows the ticket of one notification; the handler looks at it
  admin_read,   // Heliograph.Admin or Heliograph.Read
  admin_write,  // Heliograph.Admin
};

// The shape of its errors.
enum class Shape : std::uint8_t { graph, feed, oauth, admin };

// What else is to be known of it.
enum Mark : std::uint8_t {
  kPlain = 0,
  kWrites = 1,       // a feed: refused before the body is looked at while the writer takes nothing
  kTickets = 2,      // ?ticket= stands for a token; the handler looks at it
  kForm = 4,         // its body is not JSON
  kAnyType = 8,      // its answer is not, or not always, JSON: Accept is the handler's
  kOperators = 16,   // for those who run the server, like the admin API: see Settings::operators_apart
  kEverywhere = 32,  // answered on their listener too
  kAlone = 64,       // not to be one of a batch
  kClients = 128,    // its handler finds out which client asks
};

// What goes over the wire, for /openapi.json: `takes("notificationPatch").with("X-UNS-ID If-Match").answers("200
// notification 204 412")`, words with spaces between. Schemas and parameters are those of src/api/documents.
struct Wire {
  std::string_view body = "";      // the schema of the request's body; "notificationGroup?" where there may be none
  std::string_view options = "";   // query options and headers of the request
  std::string_view statuses = "";  // each with the schemas or media types of its body; a refusal's is its API's own

  [[nodiscard]] constexpr Wire with(std::string_view words) const { return {body, words, statuses}; }
  [[nodiscard]] constexpr Wire answers(std::string_view words) const { return {body, options, words}; }
};
constexpr Wire takes(std::string_view schema) { return {.body = schema}; }
constexpr Wire with(std::string_view words) { return {.options = words}; }
constexpr Wire answers(std::string_view words) { return {.statuses = words}; }

using Handle = Answer (*)(Call&);

struct Route {
  std::string_view method;
  // graph: behind /beta and /v1.0, `/me/…` also as `/users/{userId}/…`, `/me/notifications/{id}` also as
  // `/me/activities/{id}`, `/delta` also as `/delta()` and `/microsoft.graph.delta()`; feed: behind /v1, /v2, /v3;
  // admin: behind /admin/v1; oauth: whole.
  std::string_view pattern;
  Who who;
  Shape shape;
  Handle handle;
  std::string_view summary;
  Wire wire;
  std::uint8_t marks = kPlain;

  [[nodiscard]] bool is(Mark mark) const { return (marks & mark) != 0; }
};

std::span<const Route> routes();

// Every path pattern of a row.
std::vector<std::string> paths(const Route& route);

// The shape of errors where no row matches.
Shape shape_of(std::string_view path);

}  // namespace hg::api
