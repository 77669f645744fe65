#include "cli/http.h"

#include <curl/curl.h>
#include <fmt/format.h>

#include <memory>

#include "base/encoding.h"

namespace hg::cli {

namespace {

struct CurlLibrary {
  CurlLibrary() { curl_global_init(CURL_GLOBAL_DEFAULT); }
  ~CurlLibrary() { curl_global_cleanup(); }
};

using Handle = std::unique_ptr<CURL, decltype(&curl_easy_cleanup)>;
using List = std::unique_ptr<curl_slist, decltype(&curl_slist_free_all)>;

// What arrives of one exchange. `line` is set for streams.
struct Arrival {
  CURL* handle = nullptr;
  Answer answer;
  const std::function<bool(std::string_view)>* line = nullptr;
  const std::function<bool()>* going = nullptr;
  std::string unfinished;
  bool stopped = false;
};

std::size_t on_header(char* data, std::size_t size, std::size_t count, void* user) {
  auto& arrival = *static_cast<Arrival*>(user);
  const std::string_view text(data, size * count);
  const std::size_t colon = text.find(':');
  if (colon != std::string_view::npos) {
    std::string_view value = text.substr(colon + 1);
    while (!value.empty() && (value.back() == '\r' || value.back() == '\n')) value.remove_suffix(1);
    arrival.answer.headers[lower(text.substr(0, colon))] = std::string(trim(value));
  }
  return size * count;
}

bool hand_on_lines(Arrival& arrival) {
  std::size_t begin = 0;
  for (std::size_t end; (end = arrival.unfinished.find('\n', begin)) != std::string::npos; begin = end + 1) {
    std::string_view line(arrival.unfinished.data() + begin, end - begin);
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (!(*arrival.line)(line)) return false;
  }
  arrival.unfinished.erase(0, begin);
  return true;
}

std::size_t on_body(char* data, std::size_t size, std::size_t count, void* user) {
  auto& arrival = *static_cast<Arrival*>(user);
  long status = 0;
  curl_easy_getinfo(arrival.handle, CURLINFO_RESPONSE_CODE, &status);
  if (arrival.line == nullptr || status != 200) {
    arrival.answer.body.append(data, size * count);
    return size * count;
  }
  arrival.unfinished.append(data, size * count);
  arrival.stopped = !hand_on_lines(arrival);
  return arrival.stopped ? 0 : size * count;
}

int on_progress(void* user, curl_off_t, curl_off_t, curl_off_t, curl_off_t) {
  auto& arrival = *static_cast<Arrival*>(user);
  if (!(*arrival.going)()) arrival.stopped = true;
  return arrival.stopped ? 1 : 0;
}

Result<Answer> perform(const Ask& ask, const std::string& base_url, const std::string& socket_path,
                       const std::string& ca_file, const std::function<bool(std::string_view)>* line = nullptr,
                       const std::function<bool()>* going = nullptr) {
  static const CurlLibrary library;
  const Handle handle(curl_easy_init(), &curl_easy_cleanup);
  if (!handle) return fail(Code::internal, "libcurl could not be started");
  List headers(nullptr, &curl_slist_free_all);
  for (const auto& [name, value] : ask.headers) {
    const std::string text = fmt::format("{}: {}", name, value);
    headers.reset(curl_slist_append(headers.release(), text.c_str()));
  }
  headers.reset(curl_slist_append(headers.release(), "Expect:"));
  const std::string url = base_url + ask.path;
  Arrival arrival{handle.get(), {}, line, going, {}, false};
  CURL* curl = handle.get();
  curl_easy_setopt(curl, CURLOPT_URL, url.c_str());
  curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, ask.method.c_str());
  curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers.get());
  curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(curl, CURLOPT_PROXY, "");
  curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, &on_header);
  curl_easy_setopt(curl, CURLOPT_HEADERDATA, &arrival);
  curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, &on_body);
  curl_easy_setopt(curl, CURLOPT_WRITEDATA, &arrival);
  curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT, 10L);
  if (line == nullptr) curl_easy_setopt(curl, CURLOPT_TIMEOUT, 60L);
  if (going != nullptr) {
    curl_easy_setopt(curl, CURLOPT_NOPROGRESS, 0L);
    curl_easy_setopt(curl, CURLOPT_XFERINFOFUNCTION, &on_progress);
    curl_easy_setopt(curl, CURLOPT_XFERINFODATA, &arrival);
  }
  if (!socket_path.empty()) curl_easy_setopt(curl, CURLOPT_UNIX_SOCKET_PATH, socket_path.c_str());
  if (!ca_file.empty()) curl_easy_setopt(curl, CURLOPT_CAINFO, ca_file.c_str());
  if (!ask.body.empty() || ask.method == "POST" || ask.method == "PATCH" || ask.method == "PUT") {
    curl_easy_setopt(curl, CURLOPT_POSTFIELDS, ask.body.c_str());
    curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE, static_cast<long>(ask.body.size()));
  }
  const CURLcode code = curl_easy_perform(curl);
  if (code != CURLE_OK && !arrival.stopped) {
    const std::string where = socket_path.empty() ? base_url : socket_path;
    return fail(Code::unavailable, fmt::format("{}: {}", where, curl_easy_strerror(code)));
  }
  long status = 0;
  curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
  arrival.answer.status = static_cast<int>(status);
  return std::move(arrival.answer);
}

}  // namespace

Http Http::at_url(std::string base_url, std::string ca_file) {
  while (base_url.ends_with('/')) base_url.pop_back();
  return {std::move(base_url), "", std::move(ca_file)};
}

Http Http::at_socket(std::string socket_path) { return {"http://localhost", std::move(socket_path), ""}; }

Result<Answer> Http::send(const Ask& ask) const { return perform(ask, base_url_, socket_path_, ca_file_); }

Result<Answer> Http::stream(const Ask& ask, const std::function<bool(std::string_view)>& line,
                            const std::function<bool()>& going) const {
  return perform(ask, base_url_, socket_path_, ca_file_, &line, &going);
}

}  // namespace hg::cli
