// Who the token is for (OpenID Connect Core §5.3).
#include "api/oauth.h"
#include "api/sign_in.h"
#include "store/users.h"

namespace hg::api::sign_in {

Answer userinfo(Call& call) {
  using enum identity::Scope;
  const auto& scopes = call.principal.scopes;
  if (call.principal.app_only || !scopes.has(openid))
    co_return fail(Code::scope_missing, "the token lacks the scope openid");
  const auto user = co_await call.services.database.read(
      [&](store::Connection& tx) { return store::users::find(tx, call.principal.user); });
  if (!user || user->removed_at) co_return fail(Code::token_revoked, "the user is gone");
  std::string out;
  JsonWriter writer(out);
  writer.object().field("sub", user->id);
  if (scopes.has(profile)) writer.field("name", user->display_name).field("preferred_username", user->upn);
  if (scopes.has(profile) && !user->locale.empty()) writer.field("locale", user->locale);
  if (scopes.has(email) && !user->mail.empty()) writer.field("email", user->mail);
  writer.end();
  co_return fleeting_json(200, std::move(out));
}

}  // namespace hg::api::sign_in
