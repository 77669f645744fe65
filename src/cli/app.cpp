// heliograph app: application registrations.
#include <fmt/format.h>

#include <memory>

#include "base/encoding.h"
#include "cli/command.h"

namespace hg::cli {

namespace {

struct Options : Common {
  std::string client_id, name, kind, uri, secret_id, expires;
  std::vector<std::string> redirect_uris, scopes;
  bool confidential = false;
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
Result<std::pair<std::string, std::string>> kind_and_uri(const std::string& text) {
  const std::size_t equals = text.find('=');
  const std::string kind = text.substr(0, equals);
  if (equals == std::string::npos || (kind != "web" && kind != "spa" && kind != "native"))
    return fail(Code::property_invalid, fmt::format("--redirect-uri {}: it is web=URI, spa=URI or native=URI", text));
  return std::pair(kind, text.substr(equals + 1));
}

Result<void> add(Options& options, Door& door) {
  json::object uris;
  for (const std::string& text : options.redirect_uris) {
    HG_TRY(const auto pair, kind_and_uri(text));
    auto& list = uris[pair.first];
    if (!list.is_array()) list = json::array();
    list.as_array().emplace_back(pair.second);
  }
  json::object body{{"displayName", options.name}, {"confidential", options.confidential}, {"redirectUris", uris}};
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

Result<void> add_secret(Options& options, Door& door) {
  json::object body;
  if (!options.name.empty()) body["displayName"] = options.name;
  if (!options.expires.empty()) body["expirationDateTime"] = options.expires;
  HG_TRY(const json::value made, door.admin("POST", path_of(options) + "/secrets", json::value(body)));
  return show(options, made);
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
  verb("list", "all applications", false, list);
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
