// Moments at which a test lets the process end as by kill -9: HG_CRASH_AT names one of them. Nothing happens otherwise.
#pragma once

#include <string_view>

namespace hg {

// `moment`: "committed" (a change is on disk, nobody has an answer yet), "claimed" (a feed is leased), "midFanOut" (one
// endpoint has got it, others not), "pushed" (the platform has taken it, nothing is written down), "settled",
// "webhookTold" (a webhook has taken it, nothing is written down).
void crash_point(std::string_view moment);

}  // namespace hg
