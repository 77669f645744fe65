// The registry's users of other issuers.
#include <fmt/format.h>

#include "crypto/hash.h"
#include "identity/change.h"

namespace hg::identity {

namespace {

constexpr std::size_t kLongestUpn = 320;

// What the issuer calls the user, where that can be a name here that nobody has; otherwise one that is made of its id.
std::string name_for(store::Connection& tx, const ExternalUser& user, const UserId& id) {
  const std::size_t at = user.upn.find('@');
  const bool good = at != std::string::npos && at > 0 && at + 1 < user.upn.size() && user.upn.size() <= kLongestUpn &&
                    user.upn.find_first_of(" \t\r\n/") == std::string::npos;
  if (good && !store::users::find_by_upn(tx, user.upn)) return user.upn;
  return fmt::format("{}@external.invalid", id.str());
}

}  // namespace

UserId Registry::external_user_id(std::string_view issuer, std::string_view subject) const {
  const std::string text = fmt::format("{}\n{}\n{}", directory()->tenant().str(), issuer, subject);
  return UserId{Guid::v8(crypto::sha256(text))};
}

asio::awaitable<Result<store::User>> Registry::admit_external_user(ExternalUser user, bool create) {
  const UserId id = external_user_id(user.issuer, user.subject);
  const auto known = co_await database_.read([&](store::Connection& tx) { return store::users::find(tx, id); });
  if (known && (known->removed_at || known->blocked)) co_return fail(Code::user_blocked, "the user is blocked");
  if (known) co_return *known;
  if (!create)
    co_return fail(Code::user_blocked, "the user is not known here; whoever runs this server can add the user");
  store::User made;
  made.id = id;
  made.created_at = clock_.now();
  made.mail = user.mail.size() <= kLongestUpn ? user.mail : "";
  co_return co_await change<store::User>(
      {user.issuer}, {"user.add", id.str(), {{"issuer", user.issuer}}},
      [&](store::Connection& tx) -> Result<store::User> {
        // Another request may have come first.
        if (const auto there = store::users::find(tx, id)) return *there;
        made.upn = name_for(tx, user, id);
        made.display_name = user.name.empty() || code_points(user.name) > kLongestUpn ? made.upn : user.name;
        HG_CHECK(store::users::insert(tx, made));
        return made;
      });
}

}  // namespace hg::identity
