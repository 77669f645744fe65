// Every refusal as each API says it: one table from Code to status and wire names, and the two error bodies.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "base/time.h"
#include "net/http.h"

namespace hg::api {

inline constexpr std::string_view kGraphJson =
    "application/json;odata.metadata=minimal;odata.streaming=true;IEEE754Compatible=false;charset=utf-8";
inline constexpr std::string_view kFeedJson = "application/json; charset=utf-8";

// How one Code goes over the wire. `inner` is innerError.code, empty where there is none.
struct Problem {
  int status;
  std::string_view code, inner;
  int feed_status;
  int feed_code;
};
const Problem& problem(Code code);

// The name a live connection answers with: innerError.code, or code where there is none. Of a subscription that ended
// innerError.code is the error's reason.
std::string_view problem_name(const Error& error);

struct ProblemContext {
  std::string request_id, client_request_id;
  Time now{};
  std::string base;                    // {base}, for authorization_uri
  std::string_view scheme = "Bearer";  // of what a 401 asks for; else "Ticket"
};

// Status, body, Content-Type (kGraphJson or kFeedJson), WWW-Authenticate of a 401, Retry-After of a 429 and a 503.
// Allow and Location are the caller's, the headers common to all answers too.
net::Response graph_problem(const Error& error, const ProblemContext& context);
net::Response feed_problem(const Error& error, const ProblemContext& context);

}  // namespace hg::api
