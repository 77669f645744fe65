// The identity platform over HTTP: discovery, keys, authorize with its pages, token, devices, userinfo, logout
// (docs/identity.md).
#pragma once

#include "api/context.h"

namespace hg::api::sign_in {

Answer discovery(Call& call);
Answer instance(Call& call);  // what older clients ask before they trust an authority
Answer keys(Call& call);
Answer authorize(Call& call);         // GET: the page, or the redirect of who is signed in
Answer authorize_submit(Call& call);  // POST: the page's form
Answer token(Call& call);
Answer token_v1(Call& call);  // `resource` in place of `scope`
Answer revoke(Call& call);
Answer device_code(Call& call);  // where a device begins
Answer device_page(Call& call);  // where its user types the code
Answer device_submit(Call& call);
Answer userinfo(Call& call);
Answer logout(Call& call);
Answer account(Call& call);  // the user's own page: consents, sessions
Answer account_submit(Call& call);
Answer native_client(Call& call);  // where native clients' redirects land

}  // namespace hg::api::sign_in
