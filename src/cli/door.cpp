#include "cli/door.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <sstream>

#include "base/encoding.h"
#include "cli/command.h"
#include "net/http.h"

namespace hg::cli {

namespace {

Answer answer_of(const net::Response& response) {
  Answer answer;
  answer.status = response.status;
  for (const auto& field : response.headers) answer.headers[lower(field.name)] = field.value;
  answer.body = response.body;
  return answer;
}

net::Request request_of(const Ask& ask) {
  net::Request request;
  request.method = ask.method;
  request.set_target(ask.path);
  request.listener = net::Listener::unix_socket;
  request.remote = "unix";
  request.headers.add("Host", "localhost");
  for (const auto& [name, value] : ask.headers) request.headers.add(name, value);
  request.body = ask.body;
  return request;
}

Result<std::string> administrator_token(const Target& target) {
  std::string text;
  if (!target.token_file.empty()) {
    HG_TRY(text, read_secret(target.token_file));
  } else if (const char* token = std::getenv("HELIOGRAPH_TOKEN"); token != nullptr) {
    text = token;
  }
  if (!text.empty()) return text;
  return fail(
      Code::token_missing,
      "an administrator's token is missing: --token-file FILE, HELIOGRAPH_TOKEN, or --token-file - for standard "
      "input; heliograph token makes one");
}

}  // namespace

Result<std::string> read_secret(const std::string& file) {
  std::ostringstream text;
  if (file == "-") {
    text << std::cin.rdbuf();
  } else {
    std::ifstream in(file, std::ios::binary);
    if (!in) return fail(Code::not_found, fmt::format("{} cannot be read", file));
    text << in.rdbuf();
  }
  std::string secret = text.str();
  while (secret.ends_with('\n') || secret.ends_with('\r')) secret.pop_back();
  return secret;
}

Result<Door> Door::open(const Target& target) {
  Door door;
  if (!target.server.empty()) {
    door.http_ = Http::at_url(target.server, target.ca);
    HG_TRY(door.token_, administrator_token(target));
    return door;
  }
  const std::string socket = (std::filesystem::path(target.data) / app::kSocketName).string();
  if (app::is_served(app::DataFiles(target.data))) {
    door.http_ = Http::at_socket(socket);
    return door;
  }
  HG_TRY(auto config, configuration("", target.data));
  HG_TRY(door.here_, app::Server::open(std::move(config)));
  return door;
}

Result<json::value> Door::admin(std::string_view method, const std::string& path, const json::value* body) {
  Ask ask{std::string(method), "/admin/v1" + path};
  if (!token_.empty()) ask.headers.emplace_back("Authorization", "Bearer " + token_);
  if (body != nullptr) {
    ask.headers.emplace_back("Content-Type", "application/json");
    ask.body = json::serialize(*body);
  }
  HG_TRY(const Answer answer, send(std::move(ask)));
  if (answer.status >= 300) return fail(answer.status == 404 ? Code::not_found : Code::internal, message_of(answer));
  if (answer.body.empty()) return json::value(nullptr);
  return parse_json(answer.body);
}

Result<Answer> Door::send(Ask ask) {
  if (http_) return http_->send(ask);
  return answer_of(here_->ask(request_of(ask)));
}

Result<Answer> Door::stream(const Ask& ask, const std::function<bool(std::string_view)>& line,
                            const std::function<bool()>& going) {
  if (!http_)
    return fail(Code::unavailable, "no server runs on this data directory; start one: heliograph serve --data DIR");
  return http_->stream(ask, line, going);
}

std::string message_of(const Answer& answer) {
  const auto parsed = parse_json(answer.body);
  if (parsed && parsed->is_object()) {
    const auto& object = parsed->as_object();
    if (const auto* error = object.if_contains("error")) {
      if (error->is_object() && error->as_object().contains("message"))
        return json::value_to<std::string>(error->at("message"));
      if (const auto* text = object.if_contains("error_description"); text != nullptr && text->is_string())
        return json::value_to<std::string>(*text);
    }
    if (const auto* text = object.if_contains("errorMessage"); text != nullptr && text->is_string())
      return json::value_to<std::string>(*text);
  }
  return fmt::format("the server answered {}", answer.status);
}

Result<std::string> cross_device_host(Door& door, const std::string& named) {
  if (!named.empty()) return named;
  HG_TRY(const json::value list, door.admin("GET", "/crossDeviceApps"));
  std::vector<std::string> hosts;
  for (const json::value& app : list.at("value").as_array())
    hosts.push_back(json::value_to<std::string>(app.at("hostName")));
  if (hosts.size() == 1) return hosts.front();
  if (hosts.empty()) return fail(Code::not_found, "there is no cross-device app yet: heliograph cross-device add HOST");
  return fail(Code::ambiguous_target_host_name,
              fmt::format("name one with --cross-device: {}", fmt::join(hosts, ", ")));
}

}  // namespace hg::cli
