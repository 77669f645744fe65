// The directory's changes: users, applications, cross-device apps. Each is one transaction with its line in the audit
// log, after which the picture in memory is replaced. Errors: Code::not_found, conflict, property_invalid.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/snapshot.h"
#include "crypto/seal.h"
#include "identity/directory.h"
#include "identity/host_proof.h"
#include "identity/push_credential.h"
#include "store/audit.h"
#include "store/credentials.h"
#include "store/database.h"
#include "store/keys.h"
#include "store/users.h"
#include "store/webhooks.h"

namespace hg::identity {

namespace asio = boost::asio;

// Who changes something, for the audit log: a UPN, a client id, "local administrator".
struct Actor {
  std::string name;
};

// What is done, for the audit log: "application.block", to whom, and in which way. No secrets.
struct Deed {
  std::string action;
  std::string target;
  std::vector<std::pair<std::string, std::string>> detail = {};
};

struct NewUser {
  std::string upn, display_name, mail, locale, time_zone;
  std::string password;  // "": one is made up
  bool administrator = false;
  std::string issuer = {}, subject = {};  // of whom another issuer signs in: without a password here
};
struct AddedUser {
  store::User user;
  std::string made_up_password;  // "" where one was given
};
// A user as another issuer's token has it.
struct ExternalUser {
  std::string issuer, subject, upn, name, mail;
};
struct UserChange {
  std::optional<std::string> display_name, mail, locale, time_zone, password;
  std::optional<bool> administrator, blocked;
};

struct NewApplication {
  std::optional<ApplicationId> id;
  std::string name;
  bool confidential = false;
  std::vector<std::pair<std::string, std::string>> redirect_uris;
  std::vector<std::string> scopes, exposed_scopes;
  std::string app_id_uri;
  bool trusted = false;
};
struct AddedSecret {
  store::Secret secret;
  std::string clear;  // shown once, here
};
struct ApplicationChange {
  std::optional<std::string> name, app_id_uri;
  std::optional<std::vector<std::string>> scopes, exposed_scopes;
  std::optional<bool> blocked, pkce_optional, trusted;
  // Calls a minute, of itself and of each user; none: as configured for all.
  std::optional<std::optional<std::int64_t>> calls, user_calls;
};

struct AuditVerdict {
  std::int64_t entries = 0;
  std::string head;    // "SEQUENCE:HASH" of the last one; "" of an empty log
  std::string reason;  // what is wrong; "": nothing
};

// "SEQUENCE:HASH" as a verdict has it.
bool is_audit_head(std::string_view text);

struct AddedWebhook {
  store::Webhook webhook;
  std::string secret;  // as libraries of standardwebhooks.com take it: "whsec_…"; shown once, here
};

// What the secrets of push credentials are sealed for, each under its id; and those of webhooks.
inline constexpr std::string_view kPushCredentials = "push credentials";
inline constexpr std::string_view kWebhookSecrets = "webhook secrets";

class Registry {
 public:
  Registry(store::Database& database, const crypto::SealingKey& key, const Clock& clock);

  // Tenant, signing key, epoch: what a new store needs before load(). `demo` is remembered.
  static void found(store::Connection& tx, const crypto::SealingKey& key, bool demo, Time now,
                    const crypto::PrivateKey& signing = crypto::PrivateKey::generate(crypto::Alg::rs256));
  // Whether `key` is the one that sealed what this store keeps.
  static bool opens(store::Connection& tx, const crypto::SealingKey& key);
  void load();  // blocks; at start
  // Something was changed here: replaces the picture in memory by what is stored now, never by an older one.
  asio::awaitable<void> reload();
  // The same where another node has changed something, which a short read tells.
  asio::awaitable<void> refresh();

  [[nodiscard]] std::shared_ptr<const Directory> directory() const { return current_.load(); }
  // For what this folder seals or authenticates for `purpose`.
  [[nodiscard]] crypto::SealingKey key_for(std::string_view purpose) const { return key_.subkey(purpose); }
  // What a cross-device app's host shows in a TXT record (identity/host_proof.h).
  [[nodiscard]] std::string host_proof(const AppId& app) const { return host_proof_value(app, key_); }
  // Called after each reload, on the thread that did it.
  void on_change(std::function<void()> listener) { listener_ = std::move(listener); }
  // Called after what was changed here, likewise: others want to hear of it.
  void on_own_change(std::function<void()> listener) { own_listener_ = std::move(listener); }

  asio::awaitable<std::vector<store::User>> users();
  asio::awaitable<std::optional<store::User>> user(std::string id_or_upn);
  asio::awaitable<Result<AddedUser>> add_user(Actor actor, NewUser user);
  asio::awaitable<Result<store::User>> change_user(Actor actor, UserId id, UserChange change);
  asio::awaitable<Result<void>> remove_user(Actor actor, UserId id);
  // With every row that is kept of the user, and no tombstone. What the audit log says of the id stays. Its
  // subscriptions have to be ended before.
  asio::awaitable<Result<void>> erase_user(Actor actor, UserId id);
  // The same for the same subject of the same issuer, always.
  [[nodiscard]] UserId external_user_id(std::string_view issuer, std::string_view subject) const;
  // Of another issuer's token: made at first sight where `create`. Code::user_blocked where not, or blocked.
  asio::awaitable<Result<store::User>> admit_external_user(ExternalUser user, bool create);
  // Every browser and every application has to sign in again.
  asio::awaitable<Result<void>> sign_out_user(Actor actor, UserId id);
  // No one-time password is asked for any longer, until the user sets one up again.
  asio::awaitable<Result<void>> remove_totp(Actor actor, UserId id);

  asio::awaitable<Result<ApplicationId>> add_application(Actor actor, NewApplication application);
  asio::awaitable<Result<void>> change_application(Actor actor, ApplicationId id, ApplicationChange change);
  asio::awaitable<Result<void>> remove_application(Actor actor, ApplicationId id);
  asio::awaitable<Result<AddedSecret>> add_secret(Actor actor, ApplicationId id, std::string name,
                                                  std::optional<Time> expires);
  asio::awaitable<Result<void>> remove_secret(Actor actor, ApplicationId id, Guid secret);
  // `material`: an X.509 certificate in PEM or a JWK, for private_key_jwt.
  asio::awaitable<Result<store::ApplicationKey>> add_key(Actor actor, ApplicationId id,
                                                         store::ApplicationKey::Kind kind, std::string material,
                                                         std::string name);
  asio::awaitable<Result<void>> remove_key(Actor actor, ApplicationId id, Guid key);
  asio::awaitable<Result<void>> add_redirect_uri(Actor actor, ApplicationId id, std::string kind, std::string uri);
  asio::awaitable<Result<void>> remove_redirect_uri(Actor actor, ApplicationId id, std::string kind, std::string uri);

  // Names the client id of another issuer that this application goes by there.
  asio::awaitable<Result<void>> add_external_identity(Actor actor, ApplicationId id, std::string issuer,
                                                      std::string client_id);
  asio::awaitable<Result<void>> remove_external_identity(Actor actor, ApplicationId id, std::string issuer,
                                                         std::string client_id);

  // The keys that sign tokens, newest first.
  asio::awaitable<std::vector<store::SigningKey>> signing_keys();
  // Publishes a key that is to sign after the next rotation, in place of any other that was to.
  asio::awaitable<Result<void>> prepare_key(Actor actor, crypto::Alg algorithm);
  // The prepared key signs from now on, or a new one where there is none (of `algorithm`); what the one before signed
  // holds until it runs out.
  asio::awaitable<Result<void>> rotate_keys(Actor actor, std::optional<crypto::Alg> algorithm);
  // What time asks of them: the next one a day before it is due, the rotation at `age`, and an end of those that no
  // token in use was signed with. Zero `age`: none but the last.
  asio::awaitable<void> tend_keys(Duration age);

  asio::awaitable<Result<AppId>> add_cross_device_app(Actor actor, std::string host, std::vector<ApplicationId> members,
                                                      bool allow_unverified);
  asio::awaitable<Result<void>> allow_unverified(Actor actor, AppId id, bool allowed);
  // Whether its host has proved itself, now.
  asio::awaitable<Result<void>> set_verified(Actor actor, AppId id, bool verified);
  asio::awaitable<Result<void>> remove_cross_device_app(Actor actor, AppId id);
  asio::awaitable<Result<void>> add_member(Actor actor, AppId id, ApplicationId application);
  asio::awaitable<Result<void>> remove_member(Actor actor, AppId id, ApplicationId application);
  // `platform`: windows_universal, windows_win32, android, ios, web; up to ten ids each.
  asio::awaitable<Result<void>> add_platform_id(Actor actor, AppId id, std::string platform, std::string app_id);
  asio::awaitable<Result<void>> remove_platform_id(Actor actor, AppId id, std::string platform, std::string app_id);
  asio::awaitable<Result<void>> add_sender_domain(Actor actor, AppId id, std::string domain);
  asio::awaitable<Result<void>> remove_sender_domain(Actor actor, AppId id, std::string domain);

  // What the app shows to push platforms; secrets go in and never come out here.
  asio::awaitable<Result<store::Credential>> add_credential(Actor actor, AppId app, PushCredential credential);
  asio::awaitable<Result<void>> remove_credential(Actor actor, AppId app, Guid id);
  asio::awaitable<std::vector<store::Credential>> credentials(AppId app);
  // Code::not_found where the app has none of that id.
  asio::awaitable<Result<store::Credential>> credential(AppId app, Guid id);

  // Where its app servers are told of ended subscriptions. The secret, 256 random bits, is answered once.
  asio::awaitable<Result<AddedWebhook>> add_webhook(Actor actor, AppId app, std::string url);
  asio::awaitable<Result<void>> remove_webhook(Actor actor, AppId app, Guid id);
  asio::awaitable<std::vector<store::Webhook>> webhooks(AppId app);
  asio::awaitable<Result<store::Webhook>> webhook(AppId app, Guid id);

  // One line in the audit log for what is no change of the directory (a token minted on behalf of a user).
  asio::awaitable<void> note(Actor actor, std::string action, std::string target, std::string detail_json);
  asio::awaitable<std::vector<store::AuditEntry>> audit(std::size_t limit);
  // Whether the log is whole, and, where a `head` of earlier was kept (is_audit_head), still begins with what it was
  // then.
  asio::awaitable<AuditVerdict> verify_audit(std::string head);

 private:
  // `work` in one transaction; where it succeeds, with the audit line, and then a reload.
  template <class T>
  asio::awaitable<Result<T>> change(Actor actor, Deed deed, std::function<Result<T>(store::Connection&)> work);
  asio::awaitable<Result<void>> change_app(Actor actor, Deed deed, AppId id,
                                           std::function<Result<void>(store::CrossDeviceApp&)> edit);
  asio::awaitable<void> take_what_is_stored();
  asio::awaitable<std::string> hash_password(const std::string& password);

  store::Database& database_;
  const crypto::SealingKey key_;
  const Clock& clock_;
  Snapshot<Directory> current_;
  std::function<void()> listener_, own_listener_;
};

}  // namespace hg::identity
