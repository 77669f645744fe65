// heliograph app: application registrations.
#include <fmt/format.h>

#include <charconv>
#include <memory>
#include <optional>

#include "base/encoding.h"
#include "cli/command.h"

namespace hg::cli {

namespace {

struct Options : Common {
  std::string client_id, name, kind, uri, secret_id, expires, file, key_id, issuer, external_id, app_id_uri;
  std::vector<std::string> redirect_uris, scopes, exposed_scopes;
  std::optional<std::string> new_name, new_app_id_uri, pkce, calls, user_calls;
  bool confidential = false, trusted = false;
};

const std::vector<Column> kColumns = {{"CLIENT ID", "clientId"},
                                      {"NAME", "displayName"},
                                      {"CONFIDENTIAL", "confidential"},
                                      {"BLOCKED", "blocked"},
                                      {"CROSS-DEVICE APPS", "crossDeviceApps"}};

std::string path_of(const Options& options) { return "/applications/" + percent_encode(options.client_id); }

Result<void> show(const Options& options, const json::value& value) {
  options.json ? print_json(value) : print_object(value);
  return {};
}

// KIND=URI
std::pair<std::string, std::string> kind_and_uri(const std::string& text) {
  const std::size_t equals = text.find('=');
  return equals == std::string::npos ? std::pair(std::string(), text)
                                     : std::pair(text.substr(0, equals), text.substr(equals + 1));
}

std::string wrong_kind(const Options& options) {
  for (const std::string& text : options.redirect_uris)
    if (const std::string kind = kind_and_uri(text).first; kind != "web" && kind != "spa" && kind != "native")
      return fmt::format("--redirect-uri {}: it is web=URI, spa=URI or native=URI", text);
  return "";
}

Result<void> add(Options& options, Door& door) {
  json::object uris;
  for (const std::string& text : options.redirect_uris) {
    const auto [kind, uri] = kind_and_uri(text);
    auto& list = uris[kind];
    if (!list.is_array()) list = json::array();
    list.as_array().emplace_back(uri);
  }
  json::object body{{"displayName", options.name}, {"confidential", options.confidential}, {"redirectUris", uris}};
  if (options.trusted) body["trusted"] = true;
  if (!options.app_id_uri.empty()) body["appIdUri"] = options.app_id_uri;
  if (!options.exposed_scopes.empty()) body["exposedScopes"] = json::value_from(options.exposed_scopes);
  if (!options.scopes.empty()) body["allowedScopes"] = json::value_from(options.scopes);
  HG_TRY(const json::value made, door.admin("POST", "/applications", json::value(body)));
  return show(options, made);
}

Result<void> list(Options& options, Door& door) {
  HG_TRY(const json::value all, door.admin("GET", "/applications"));
  options.json ? print_json(all.at("value")) : print_table(all.at("value").as_array(), kColumns);
  return {};
}

Result<void> change(Options& options, Door& door, const json::value& body) {
  HG_TRY(const json::value changed, door.admin("PATCH", path_of(options), body));
  return show(options, changed);
}

// A list as it was said; one empty word empties it.
json::value list_of(std::vector<std::string> words) {
  std::erase(words, "");
  return json::value_from(words);
}

// A number, or null for "default"; nothing where it is neither.
std::optional<json::value> limit_of(const std::string& text) {
  if (text == "default") return json::value();
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error == std::errc() && end == text.data() + text.size() && number >= 0) return json::value(number);
  return std::nullopt;
}

std::string wrong_change(const Options& o) {
  for (const auto& [name, limit] : {std::pair("--calls", &o.calls), std::pair("--user-calls", &o.user_calls)})
    if (*limit && !limit_of(**limit))
      return fmt::format("{} is \"{}\"; it is a number, 0 for any number of calls, or default", name, **limit);
  const bool changes = o.new_name || o.new_app_id_uri || o.pkce || o.calls || o.user_calls || !o.scopes.empty() ||
                       !o.exposed_scopes.empty();
  return changes ? "" : "say what to change";
}

Result<void> change_what_is_said(Options& options, Door& door) {
  json::object body;
  if (options.new_name) body["displayName"] = *options.new_name;
  if (!options.scopes.empty()) body["allowedScopes"] = list_of(options.scopes);
  if (options.new_app_id_uri) body["appIdUri"] = *options.new_app_id_uri;
  if (!options.exposed_scopes.empty()) body["exposedScopes"] = list_of(options.exposed_scopes);
  if (options.pkce) body["allowWithoutPkce"] = *options.pkce == "optional";
  if (options.calls) body["callsPerMinute"] = limit_of(*options.calls).value_or(nullptr);
  if (options.user_calls) body["userCallsPerMinute"] = limit_of(*options.user_calls).value_or(nullptr);
  return change(options, door, body);
}

Result<void> add_secret(Options& options, Door& door) {
  json::object body;
  if (!options.name.empty()) body["displayName"] = options.name;
  if (!options.expires.empty()) body["expirationDateTime"] = options.expires;
  HG_TRY(const json::value made, door.admin("POST", path_of(options) + "/secrets", json::value(body)));
  return show(options, made);
}

// A certificate in PEM, or a JWK.
Result<void> add_certificate(Options& options, Door& door) {
  HG_TRY(const std::string text, read_secret(options.file));
  json::object body;
  if (text.starts_with('{')) {
    HG_TRY(body["jwk"], parse_json(text));
  } else {
    body["certificate"] = text;
  }
  if (!options.name.empty()) body["displayName"] = options.name;
  HG_TRY(const json::value made, door.admin("POST", path_of(options) + "/certificates", json::value(body)));
  return show(options, made);
}

Result<void> add_identity(Options& options, Door& door) {
  const json::value body{{"issuer", options.issuer}, {"clientId", options.external_id}};
  HG_TRY(const json::value changed, door.admin("POST", path_of(options) + "/externalIdentities", body));
  return show(options, changed);
}

Result<void> remove(Door& door, const std::string& path) {
  HG_TRY([[maybe_unused]] const json::value done, door.admin("DELETE", path));
  return {};
}

}  // namespace

void add_app(Command program) {
  auto options = std::make_shared<Options>();
  const Command noun = program.command("app", "application registrations");
  const auto verb = [&](const std::string& name, const std::string& sentence, bool of_one,
                        std::function<Result<void>(Options&, Door&)> work) {
    const Command command = noun.command(name, sentence);
    add_common(command, *options);
    if (of_one) command.option("client-id", options->client_id, "client id or name").required();
    command.runs([options, work] { return with_door(*options, [&](Door& door) { return work(*options, door); }); });
    return command;
  };
  const Command adding = verb("add", "register an application", false, add);
  adding.option("--name", options->name, "what users read on the sign-in page").required();
  adding.option("--redirect-uri", options->redirect_uris, "web=URI, spa=URI or native=URI; may be repeated");
  adding.option("--scope", options->scopes, "a scope it may ask for; may be repeated");
  adding.flag("--confidential", options->confidential, "it has a secret, which is printed once");
  adding.flag("--trusted", options->trusted, "users are not asked whether it may: you have decided that");
  adding.option("--app-id-uri", options->app_id_uri, "the URI of the API it exposes (api://CLIENT-ID)");
  adding.option("--expose", options->exposed_scopes, "a scope of the API it exposes; may be repeated");
  adding.check([options] { return wrong_kind(*options); });
  verb("list", "all applications", false, list);
  const Command changing = verb("change", "change what it is called and what it may", true, change_what_is_said);
  changing.option("--name", options->new_name, "what users read on the sign-in page");
  changing.option("--scope", options->scopes, "a scope it may ask for; may be repeated; \"\": any but administration");
  changing.option("--app-id-uri", options->new_app_id_uri, "the URI of the API it exposes; \"\": api://CLIENT-ID");
  changing.option("--expose", options->exposed_scopes, "a scope of that API; may be repeated; \"\": none");
  changing.option("--pkce", options->pkce, "optional: with its secret it may sign users in without PKCE")
      .one_of({"required", "optional"});
  changing.option("--calls", options->calls, "calls a minute of its own: a number, 0 for any, or default");
  changing.option("--user-calls", options->user_calls, "calls a minute of each user in it, likewise");
  changing.check([options] { return wrong_change(*options); });
  verb("show", "one application", true, [](Options& o, Door& door) -> Result<void> {
    HG_TRY(const json::value one, door.admin("GET", path_of(o)));
    return show(o, one);
  });
  verb("remove", "remove an application", true, [](Options& o, Door& door) { return remove(door, path_of(o)); });
  verb("block", "refuse its tokens, at once", true,
       [](Options& o, Door& door) { return change(o, door, {{"blocked", true}}); });
  verb("unblock", "let it in again", true,
       [](Options& o, Door& door) { return change(o, door, {{"blocked", false}}); });
  const Command secret = verb("add-secret", "make a client secret; it is printed once", true, add_secret);
  secret.option("--name", options->name, "what it is for");
  secret.option("--expires", options->expires, "ISO 8601");
  const Command old = verb("remove-secret", "remove a client secret", true, [](Options& o, Door& door) {
    return remove(door, path_of(o) + "/secrets/" + percent_encode(o.secret_id));
  });
  old.option("--secret-id", options->secret_id, "the secret's id, from show").required();
  verb("trust", "ask no user any longer whether it may", true,
       [](Options& o, Door& door) { return change(o, door, {{"trusted", true}}); });
  verb("distrust", "ask each user whether it may", true,
       [](Options& o, Door& door) { return change(o, door, {{"trusted", false}}); });
  const Command certificate =
      verb("add-certificate", "register what it signs with in place of a secret", true, add_certificate);
  certificate.option("--file", options->file, "a certificate in PEM or a JWK, - for standard input").required();
  certificate.option("--name", options->name, "what it is for");
  verb("remove-certificate", "remove a certificate or JWK", true,
       [](Options& o, Door& door) { return remove(door, path_of(o) + "/certificates/" + percent_encode(o.key_id)); })
      .option("--certificate-id", options->key_id, "its id, from show")
      .required();
  const auto identity = [&](Command command) {
    command.option("--issuer", options->issuer, "the other issuer, as its tokens' iss has it").required();
    command.option("--external-client-id", options->external_id, "the application's client id there").required();
  };
  identity(verb("add-external-identity", "name what it goes by at another issuer", true, add_identity));
  identity(verb("remove-external-identity", "it goes by that no longer", true, [](Options& o, Door& door) {
    return remove(door, path_of(o) + "/externalIdentities?issuer=" + percent_encode(o.issuer) +
                            "&clientId=" + percent_encode(o.external_id));
  }));
  const auto redirect = [&](Command command) {
    command.option("--kind", options->kind, "web, spa or native").required().one_of({"web", "spa", "native"});
    command.option("--uri", options->uri, "the redirect URI").required();
  };
  redirect(verb("add-redirect-uri", "allow a redirect URI", true, [](Options& o, Door& door) -> Result<void> {
    HG_TRY(const json::value changed,
           door.admin("POST", path_of(o) + "/redirectUris", json::value{{"kind", o.kind}, {"uri", o.uri}}));
    return show(o, changed);
  }));
  redirect(verb("remove-redirect-uri", "allow it no longer", true, [](Options& o, Door& door) {
    return remove(door, path_of(o) + "/redirectUris?kind=" + percent_encode(o.kind) + "&uri=" + percent_encode(o.uri));
  }));
}

}  // namespace hg::cli
