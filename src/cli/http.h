// A small HTTP client for the commands (libcurl): one request, or one stream of lines.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"

namespace hg::cli {

struct Ask {
  std::string method = "GET";
  std::string path;  // with its query
  std::vector<std::pair<std::string, std::string>> headers = {};
  std::string body = {};
};

struct Answer {
  int status = 0;
  std::map<std::string, std::string> headers;  // names in lower case
  std::string body;
};

// Where a server is: a base URL ("https://host:port"), or the Unix socket of a data directory.
class Http {
 public:
  static Http at_url(std::string base_url, std::string ca_file);
  static Http at_socket(std::string socket_path);

  // Code::unavailable where no answer came, with what libcurl says of it.
  Result<Answer> send(const Ask& ask) const;
  // GETs `path` and hands each line of a 200's body (without its line end) to `line` until the server ends, `line`
  // answers false, or `going` does (asked about once a second). Another status is answered with its body.
  Result<Answer> stream(const Ask& ask, const std::function<bool(std::string_view)>& line,
                        const std::function<bool()>& going) const;

  [[nodiscard]] const std::string& base_url() const { return base_url_; }

 private:
  Http(std::string base_url, std::string socket_path, std::string ca_file)
      : base_url_(std::move(base_url)), socket_path_(std::move(socket_path)), ca_file_(std::move(ca_file)) {}

  std::string base_url_;
  std::string socket_path_;
  std::string ca_file_;
};

}  // namespace hg::cli
