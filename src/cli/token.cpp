// heliograph token: an access token, as an app server, as the operator on behalf of a user, or as a user.
#include <fmt/format.h>

#include <chrono>
#include <cstdlib>
#include <memory>
#include <thread>

#include "base/encoding.h"
#include "cli/command.h"

namespace hg::cli {

namespace {

struct Options : Common {
  std::string client_id, secret_file, user, scope;
  bool device_code = false;
};

int print_token(const Options& options, const json::value& token) {
  if (options.json) {
    print_json(token);
  } else {
    fmt::print("{}\n", readable(token.at("access_token")));
  }
  return kDone;
}

Result<std::string> client_secret(const Options& options) {
  if (!options.secret_file.empty()) return read_secret(options.secret_file);
  if (const char* secret = std::getenv("HELIOGRAPH_CLIENT_SECRET"); secret != nullptr) return std::string(secret);
  return fail(Code::property_missing,
              "the client secret is missing: --client-secret-file FILE, HELIOGRAPH_CLIENT_SECRET, or "
              "--client-secret-file - for standard input");
}

// RFC 6749 §4.4
Result<json::value> as_app_server(const Options& options) {
  HG_TRY(const std::string secret, client_secret(options));
  const std::string scope = options.scope.empty() ? "api://heliograph/.default" : options.scope;
  const Http http = Http::at_url(options.target.server, options.target.ca);
  Ask ask{"POST", "/common/oauth2/v2.0/token", {{"Content-Type", "application/x-www-form-urlencoded"}}, ""};
  ask.body = fmt::format("grant_type=client_credentials&client_id={}&client_secret={}&scope={}",
                         percent_encode(options.client_id), percent_encode(secret), percent_encode(scope));
  HG_TRY(const Answer answer, http.send(ask));
  if (answer.status != 200) return fail(Code::token_invalid, message_of(answer));
  HG_TRY(json::value token, parse_json(answer.body));
  json::object printed{{"access_token", token.at("access_token")},
                       {"token_type", token.at("token_type")},
                       {"expires_in", token.at("expires_in")},
                       {"scope", scope}};
  return json::value(printed);
}

// POSTs a form; an answer of 400 is the caller's to read.
Result<json::value> send_form(const Http& http, const std::string& path, std::string form) {
  Ask ask{"POST", path, {{"Content-Type", "application/x-www-form-urlencoded"}}, std::move(form)};
  HG_TRY(const Answer answer, http.send(ask));
  if (answer.status != 200 && answer.status != 400) return fail(Code::token_invalid, message_of(answer));
  return parse_json(answer.body);
}

std::string text_in(const json::value& value, std::string_view name) {
  const auto* member = value.is_object() ? value.get_object().if_contains(name) : nullptr;
  return member != nullptr && member->is_string() ? std::string(member->get_string()) : std::string();
}

// RFC 8628: waits until somebody has allowed it in a browser.
Result<json::value> as_device(const Options& options) {
  const std::string scope = options.scope.empty() ? "Notifications.ReadWrite.CreatedByApp" : options.scope;
  const Http http = Http::at_url(options.target.server, options.target.ca);
  const std::string client = "client_id=" + percent_encode(options.client_id);
  HG_TRY(const json::value begun,
         send_form(http, "/common/oauth2/v2.0/devicecode", fmt::format("{}&scope={}", client, percent_encode(scope))));
  const std::string code = text_in(begun, "device_code");
  if (code.empty()) return fail(Code::token_invalid, text_in(begun, "error_description"));
  fmt::print(stderr, "{}\n", text_in(begun, "message"));
  std::chrono::seconds interval(begun.at("interval").to_number<std::int64_t>());
  while (true) {
    std::this_thread::sleep_for(interval);
    HG_TRY(const json::value token,
           send_form(http, "/common/oauth2/v2.0/token",
                     fmt::format("grant_type={}&{}&device_code={}",
                                 percent_encode("urn:ietf:params:oauth:grant-type:device_code"), client,
                                 percent_encode(code))));
    const std::string error = text_in(token, "error");
    if (error == "slow_down") interval += std::chrono::seconds(5);
    if (error == "slow_down" || error == "authorization_pending") continue;
    if (!error.empty()) return fail(Code::token_invalid, text_in(token, "error_description"));
    json::object printed;
    for (const std::string_view name : {"access_token", "token_type", "expires_in", "scope"})
      printed[name] = token.at(name);
    return json::value(printed);
  }
}

// By --server as an application, which no administrator vouches for.
bool by_itself(const Options& options) {
  return options.device_code || (!options.target.server.empty() && options.user.empty());
}

std::string incomplete(const Options& options) {
  if (options.device_code && options.target.server.empty()) return "--device-code needs --server URL";
  return by_itself(options) && options.client_id.empty() ? "name the application: --client-id ID" : "";
}

int token(const Options& options) {
  if (options.device_code) {
    const auto made = as_device(options);
    return made ? print_token(options, *made) : report(made.error());
  }
  if (by_itself(options)) {
    const auto made = as_app_server(options);
    return made ? print_token(options, *made) : report(made.error());
  }
  return with_door(options, [&](Door& door) -> Result<void> {
    json::object body;
    if (!options.user.empty()) body["user"] = options.user;
    if (!options.client_id.empty()) body["clientId"] = options.client_id;
    if (!options.scope.empty()) body["scope"] = options.scope;
    HG_TRY(const json::value made, door.admin("POST", "/tokens", json::value(body)));
    print_token(options, made);
    return {};
  });
}

}  // namespace

void add_token(Command program) {
  auto options = std::make_shared<Options>();
  const Command command = program.command(
      "token", "print an access token: with --server as an app server, with --data on behalf of a user (audited)");
  add_common(command, *options);
  command.option("--client-id", options->client_id, "the application");
  command.option("--client-secret-file", options->secret_file,
                 "file with its secret, - for standard input (or HELIOGRAPH_CLIENT_SECRET)");
  command.option("--user", options->user, "user principal name: a token on behalf of this user");
  command.flag("--device-code", options->device_code, "as a user, who allows it in a browser; with --server");
  command.option("--scope", options->scope, "what the token may be used for");
  command.check([options] { return incomplete(*options); });
  command.runs([options] { return token(*options); });
}

}  // namespace hg::cli
