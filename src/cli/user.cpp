// heliograph user: the people notifications are for.
#include <fmt/format.h>

#include <memory>
#include <optional>

#include "base/encoding.h"
#include "cli/command.h"

namespace hg::cli {

namespace {

struct Options : Common {
  std::string upn, name, mail, locale, time_zone, password_file, issuer, subject;
  std::optional<std::string> new_name, new_mail, new_locale, new_time_zone, new_administrator;
  bool administrator = false;
};

const std::vector<Column> kColumns = {{"USER", "userPrincipalName"}, {"NAME", "displayName"}, {"MAIL", "mail"},
                                      {"ADMIN", "administrator"},    {"BLOCKED", "blocked"},  {"ID", "id"}};

const std::vector<Column> kSessionColumns = {
    {"SESSION", "id"}, {"SIGNED IN", "createdDateTime"}, {"LAST SEEN", "lastSeenDateTime"}};

std::string path_of(const Options& options) { return "/users/" + percent_encode(options.upn); }

Result<void> show(const Options& options, const json::value& user) {
  options.json ? print_json(user) : print_object(user);
  return {};
}

Result<void> add(const Options& options, Door& door) {
  json::object body{{"userPrincipalName", options.upn}};
  if (!options.name.empty()) body["displayName"] = options.name;
  if (!options.mail.empty()) body["mail"] = options.mail;
  if (!options.locale.empty()) body["locale"] = options.locale;
  if (!options.time_zone.empty()) body["timeZone"] = options.time_zone;
  if (options.administrator) body["administrator"] = true;
  if (!options.issuer.empty()) body["issuer"] = options.issuer;
  if (!options.subject.empty()) body["subject"] = options.subject;
  if (!options.password_file.empty()) {
    HG_TRY(const std::string password, read_secret(options.password_file));
    body["password"] = password;
  }
  HG_TRY(const json::value user, door.admin("POST", "/users", json::value(body)));
  return show(options, user);
}

Result<void> list(const Options& options, Door& door) {
  HG_TRY(const json::value users, door.admin("GET", "/users"));
  options.json ? print_json(users.at("value")) : print_table(users.at("value").as_array(), kColumns);
  return {};
}

Result<void> block(const Options& options, Door& door, bool blocked) {
  HG_TRY(const json::value user, door.admin("PATCH", path_of(options), json::value{{"blocked", blocked}}));
  return show(options, user);
}

Result<void> change(const Options& options, Door& door) {
  json::object body;
  if (options.new_name) body["displayName"] = *options.new_name;
  if (options.new_mail) body["mail"] = *options.new_mail;
  if (options.new_locale) body["locale"] = *options.new_locale;
  if (options.new_time_zone) body["timeZone"] = *options.new_time_zone;
  if (options.new_administrator) body["administrator"] = *options.new_administrator == "yes";
  HG_TRY(const json::value user, door.admin("PATCH", path_of(options), json::value(body)));
  return show(options, user);
}

bool changes_nothing(const Options& options) {
  return !options.new_name && !options.new_mail && !options.new_locale && !options.new_time_zone &&
         !options.new_administrator;
}

Result<void> set_password(const Options& options, Door& door) {
  HG_TRY(const std::string password, read_secret(options.password_file));
  HG_TRY(const json::value user, door.admin("PATCH", path_of(options), json::value{{"password", password}}));
  return show(options, user);
}

}  // namespace

void add_user(Command program) {
  auto options = std::make_shared<Options>();
  const Command noun = program.command("user", "the people notifications are for");
  const auto verb = [&](const std::string& name, const std::string& sentence, bool of_one,
                        std::function<Result<void>(Options&, Door&)> work) {
    const Command command = noun.command(name, sentence);
    add_common(command, *options);
    if (of_one) command.option("user", options->upn, "user principal name or id").required();
    command.runs([options, work] { return with_door(*options, [&](Door& door) { return work(*options, door); }); });
    return command;
  };
  const Command adding =
      verb("add", "add a user; prints the password that was made up unless one is given", false, add);
  adding.option("--upn", options->upn, "user principal name, for example alice@example.com").required();
  adding.option("--name", options->name, "display name");
  adding.option("--mail", options->mail, "where the e-mail fallback goes");
  adding.option("--locale", options->locale, "for example en-GB");
  adding.option("--time-zone", options->time_zone, "for example Europe/Berlin");
  adding.option("--password-file", options->password_file, "file with the password, - for standard input");
  adding.option("--issuer", options->issuer, "another issuer that signs the user in, as its tokens' iss has it");
  adding.option("--subject", options->subject, "and what it calls the user, as their sub has it");
  adding.flag("--administrator", options->administrator, "may use the admin API");
  verb("list", "all users", false, list);
  verb("show", "one user", true, [](Options& o, Door& door) -> Result<void> {
    HG_TRY(const json::value user, door.admin("GET", path_of(o)));
    return show(o, user);
  });
  const Command changing = verb("change", "change what is known of a user", true, change);
  changing.option("--name", options->new_name, "display name");
  changing.option("--mail", options->new_mail, "where the e-mail fallback goes; \"\": nowhere");
  changing.option("--locale", options->new_locale, "for example en-GB");
  changing.option("--time-zone", options->new_time_zone, "for example Europe/Berlin");
  changing.option("--administrator", options->new_administrator, "may use the admin API").one_of({"yes", "no"});
  changing.check([options] { return changes_nothing(*options) ? "say what to change" : ""; });
  verb("remove", "remove a user and end all of its subscriptions", true, [](Options& o, Door& door) -> Result<void> {
    HG_TRY([[maybe_unused]] const json::value done, door.admin("DELETE", path_of(o)));
    return {};
  });
  verb("erase", "remove a user with every row that is kept of it; for good", true,
       [](Options& o, Door& door) -> Result<void> {
         HG_TRY([[maybe_unused]] const json::value done, door.admin("DELETE", path_of(o) + "?erase=true"));
         return {};
       });
  verb("block", "refuse the user everywhere, at once", true,
       [](Options& o, Door& door) { return block(o, door, true); });
  verb("unblock", "let the user in again", true, [](Options& o, Door& door) { return block(o, door, false); });
  verb("sessions", "where a user is signed in", true, [](Options& o, Door& door) -> Result<void> {
    HG_TRY(const json::value all, door.admin("GET", path_of(o) + "/sessions"));
    o.json ? print_json(all.at("value")) : print_table(all.at("value").as_array(), kSessionColumns);
    return {};
  });
  verb("sign-out", "end every sign-in of a user, with the tokens that came of it", true,
       [](Options& o, Door& door) -> Result<void> {
         HG_TRY([[maybe_unused]] const json::value done, door.admin("DELETE", path_of(o) + "/sessions"));
         return {};
       });
  verb("remove-one-time-password", "ask an administrator for none, until another one is set up", true,
       [](Options& o, Door& door) -> Result<void> {
         HG_TRY([[maybe_unused]] const json::value done, door.admin("DELETE", path_of(o) + "/oneTimePassword"));
         return {};
       });
  const Command password = verb("set-password", "set a user's password", true, set_password);
  password.option("--password-file", options->password_file, "file with the password, - for standard input").required();
}

}  // namespace hg::cli
