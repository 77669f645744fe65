// The admin API's users.
#include "api/admin.h"
#include "api/admin_fields.h"

namespace hg::api::admin {
namespace {

void write_user(JsonWriter& out, const store::User& user, std::string_view password = {}) {
  out.object()
      .field("id", user.id)
      .field("userPrincipalName", user.upn)
      .field("displayName", user.display_name)
      .field("mail", or_null(user.mail))
      .field("locale", or_null(user.locale))
      .field("timeZone", or_null(user.time_zone))
      .field("administrator", user.admin)
      .field("blocked", user.blocked)
      .field("oneTimePassword", !user.totp.empty())
      .field("createdDateTime", user.created_at);
  if (!password.empty()) out.field("password", password);
  out.end();
}

net::Response user_response(int status, const store::User& user, std::string_view password = {}) {
  std::string body;
  JsonWriter out(body);
  write_user(out, user, password);
  return json_response(status, std::move(body));
}

}  // namespace

Answer list_users(Call& call) {
  const auto users = co_await call.services.registry.users();
  std::string body;
  JsonWriter out(body);
  out.object().key("value").array();
  for (const auto& user : users) write_user(out, user);
  out.end().end();
  co_return json_response(200, std::move(body));
}

Answer add_user(Call& call) {
  HG_CO_TRY(const auto body, body_object(call));
  Fields fields(body);
  identity::NewUser user{.upn = fields.required("userPrincipalName"),
                         .display_name = fields.text("displayName").value_or(""),
                         .mail = fields.text("mail").value_or(""),
                         .locale = fields.text("locale").value_or(""),
                         .time_zone = fields.text("timeZone").value_or(""),
                         .password = fields.text("password").value_or(""),
                         .administrator = fields.flag("administrator").value_or(false),
                         .issuer = fields.text("issuer").value_or(""),
                         .subject = fields.text("subject").value_or("")};
  HG_CO_CHECK(fields.done());
  HG_CO_TRY(const auto added, co_await call.services.registry.add_user(co_await actor(call), std::move(user)));
  co_return user_response(201, added.user, added.made_up_password);
}

Answer show_user(Call& call) {
  HG_CO_TRY(const auto user, co_await user_named(call, path_text(call, "user")));
  co_return user_response(200, user);
}

Answer change_user(Call& call) {
  HG_CO_TRY(const auto body, body_object(call));
  Fields fields(body);
  identity::UserChange change{.display_name = fields.text("displayName"),
                              .mail = fields.text("mail"),
                              .locale = fields.text("locale"),
                              .time_zone = fields.text("timeZone"),
                              .password = fields.text("password"),
                              .administrator = fields.flag("administrator"),
                              .blocked = fields.flag("blocked")};
  HG_CO_CHECK(fields.done());
  HG_CO_TRY(const auto user, co_await user_named(call, path_text(call, "user")));
  HG_CO_TRY(const auto changed,
            co_await call.services.registry.change_user(co_await actor(call), user.id, std::move(change)));
  co_return user_response(200, changed);
}

Answer remove_user(Call& call) {
  HG_CO_TRY(const auto user, co_await user_named(call, path_text(call, "user")));
  const std::string* erase = call.option("erase");
  const bool whole = erase != nullptr && *erase == "true";
  if (erase != nullptr && !whole && *erase != "false")
    co_return fail(Code::invalid_query_option, "erase is true or false", "erase");
  HG_CO_CHECK(co_await call.services.registry.remove_user(co_await actor(call), user.id));
  co_await call.services.subscriptions.end_all(user.id, model::EndReason::user_removed);
  if (whole) HG_CO_CHECK(co_await call.services.registry.erase_user(co_await actor(call), user.id));
  co_return no_content();
}

Answer list_sessions(Call& call) {
  HG_CO_TRY(const auto user, co_await user_named(call, path_text(call, "user")));
  const auto sessions = co_await call.services.issuer.sessions(user.id);
  std::string body;
  JsonWriter out(body);
  out.object().key("value").array();
  for (const auto& session : sessions)
    out.object()
        .field("id", session.id)
        .field("createdDateTime", session.created_at)
        .field("lastSeenDateTime", session.last_seen_at)
        .end();
  out.end().end();
  co_return json_response(200, std::move(body));
}

Answer end_sessions(Call& call) {
  HG_CO_TRY(const auto user, co_await user_named(call, path_text(call, "user")));
  HG_CO_CHECK(co_await call.services.registry.sign_out_user(co_await actor(call), user.id));
  co_return no_content();
}

Answer remove_one_time_password(Call& call) {
  HG_CO_TRY(const auto user, co_await user_named(call, path_text(call, "user")));
  HG_CO_CHECK(co_await call.services.registry.remove_totp(co_await actor(call), user.id));
  co_return no_content();
}

}  // namespace hg::api::admin
