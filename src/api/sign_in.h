// The identity platform over HTTP: discovery, keys, authorize with its sign-in page, token, logout (docs/identity.md).
#pragma once

#include "api/context.h"

namespace hg::api::sign_in {

Answer discovery(Call& call);
Answer keys(Call& call);
Answer authorize(Call& call);         // GET: the page, or the redirect of who is signed in
Answer authorize_submit(Call& call);  // POST: the page's form
Answer token(Call& call);
Answer logout(Call& call);
Answer native_client(Call& call);  // where native clients' redirects land

}  // namespace hg::api::sign_in
