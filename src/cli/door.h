// How a command reaches a deployment: the socket of a running server, the store itself where none runs, or a URL.
#pragma once

#include <boost/json.hpp>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "app/server.h"
#include "base/json.h"
#include "base/result.h"
#include "cli/http.h"

namespace hg::cli {

// The options that name a deployment.
struct Target {
  std::string data;
  std::string server;
  std::string token_file;  // of an administrator; "-" standard input; with `server` only
  std::string ca;          // PEM file of a private authority
};

// A file's text, or standard input's for "-", without its last line end.
Result<std::string> read_secret(const std::string& file);

class Door {
 public:
  static Result<Door> open(const Target& target);

  // An admin call: the JSON of a 2xx (null for 204), or what the server said was wrong; Code::not_found of a 404.
  Result<json::value> admin(std::string_view method, const std::string& path, const json::value* body = nullptr);
  Result<json::value> admin(std::string_view method, const std::string& path, const json::value& body) {
    return admin(method, path, &body);
  }
  // Any call.
  Result<Answer> send(Ask ask);
  // Live connections need a server that runs.
  Result<Answer> stream(const Ask& ask, const std::function<bool(std::string_view)>& line,
                        const std::function<bool()>& going);

  // The administrator's token, where --server was named; else "".
  [[nodiscard]] const std::string& token() const { return token_; }

 private:
  Door() = default;

  std::optional<Http> http_;
  std::unique_ptr<app::Server> here_;  // opened in this process
  std::string token_;
};

// What an error answer says, in one line.
std::string message_of(const Answer& answer);

// The only cross-device app, or the one that was named; a sentence that lists them where that is not one.
Result<std::string> cross_device_host(Door& door, const std::string& named);

}  // namespace hg::cli
