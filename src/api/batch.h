// POST /$batch: several calls of the Graph API in one, as the original's JSON batching has it. Each is dispatched like
// a request of its own, so that its route, token, errors and log lines are those of any other.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "api/context.h"

namespace hg::api::batch {

inline constexpr std::size_t kMost = 20;

struct Member {
  std::string id;
  net::Request request;
  std::vector<std::size_t> after;  // its dependsOn, as places in the batch
  net::Response answer = {};
};

// The requests of a batch, in the order they stand. Each comes in by the connection of `whole`, and by its
// Authorization where it has none of its own. Refuses the first mistake with its JSON path; what a request means is not
// looked at.
Result<std::vector<Member>> read(net::Request whole, std::string_view version, const json::value& body);

// Places in the order to run them, those of a wave side by side. Refuses a cycle.
using Waves = std::vector<std::vector<std::size_t>>;
Result<Waves> waves(const std::vector<Member>& members);

Answer run(Call& call);

}  // namespace hg::api::batch
