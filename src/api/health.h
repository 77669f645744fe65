// Is it there, does it work, what is it.
#pragma once

#include "api/context.h"

namespace hg::api::health {

Answer root(Call& call);     // name, version, links; for browsers a page
Answer process(Call& call);  // /healthz: it answers
Answer ready(Call& call);    // /readyz: the store can be read and the writer takes requests; says how the bus is
Answer metrics(Call& call);  // /metrics: what is counted

}  // namespace hg::api::health
