// An application as the admin API answers it.
#pragma once

#include "api/context.h"

namespace hg::api::admin {

// `secret`: one that was just made, which is shown once.
Result<net::Response> application_response(const Call& call, int status, const ApplicationId& id,
                                           std::string_view secret = {});
void write_certificate(JsonWriter& out, const store::ApplicationKey& key);

}  // namespace hg::api::admin
