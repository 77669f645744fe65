// The floor of a push: libcurl's multi interface on one epoll, HTTP/2 over TLS, and requests that were made before it
// began: the same headers each time, a constant provider token among them, bodies that only have to be sent.
//   bare_push FILE COUNT IN-FLIGHT
// FILE: {"authorities": PEM file, "headers": ["name: value", …], "requests": [{"url": …, "body": …}, …]}; those are
// sent in turn, COUNT in all. Prints the figures as JSON; an answer but 200 is a failure.
#include <curl/curl.h>
#include <fmt/format.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <exception>
#include <fstream>
#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>

#include "base/json.h"

namespace {

using Clock = std::chrono::steady_clock;

struct Request {
  std::string url, body;
};

struct Work {
  std::string authorities = {};
  curl_slist* headers = nullptr;
  std::vector<Request> requests = {};
};

Work read(const char* file) {
  std::ostringstream text;
  text << std::ifstream(file).rdbuf();
  const auto json = hg::parse_json(text.str());
  if (!json) throw std::runtime_error(std::string(file) + " is no JSON");
  const auto string = [](const hg::json::value& value) { return hg::json::value_to<std::string>(value); };
  Work work{.authorities = string(json->at("authorities"))};
  for (const auto& line : json->at("headers").as_array())
    work.headers = curl_slist_append(work.headers, string(line).c_str());
  for (const auto& one : json->at("requests").as_array())
    work.requests.push_back({string(one.at("url")), string(one.at("body"))});
  return work;
}

class Loop {
 public:
  explicit Loop(const Work& work) : work_(work) {
    curl_multi_setopt(multi_, CURLMOPT_SOCKETFUNCTION, &Loop::on_socket);
    curl_multi_setopt(multi_, CURLMOPT_SOCKETDATA, this);
    curl_multi_setopt(multi_, CURLMOPT_TIMERFUNCTION, &Loop::on_timer);
    curl_multi_setopt(multi_, CURLMOPT_TIMERDATA, this);
    curl_multi_setopt(multi_, CURLMOPT_MAX_HOST_CONNECTIONS, 1L);
  }

  // Sends so many more; answers how many failed.
  std::size_t run(std::size_t count, std::size_t in_flight) {
    count_ += count;
    failed_ = 0;
    for (std::size_t i = 0; i < in_flight; ++i) {
      CURL* easy = curl_easy_init();
      curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_2TLS));
      curl_easy_setopt(easy, CURLOPT_PIPEWAIT, 1L);
      curl_easy_setopt(easy, CURLOPT_CAINFO, work_.authorities.c_str());
      curl_easy_setopt(easy, CURLOPT_HTTPHEADER, work_.headers);
      curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, &Loop::on_body);
      curl_easy_setopt(easy, CURLOPT_TIMEOUT, 30L);
      send(easy);
    }
    std::array<epoll_event, 16> events{};
    while (answered_ < begun_) {
      const int ready = ::epoll_wait(epoll_, events.data(), static_cast<int>(events.size()), wait_);
      if (ready == 0) act(CURL_SOCKET_TIMEOUT, 0);
      for (int i = 0; i < ready; ++i) {
        const auto& event = events.at(static_cast<std::size_t>(i));
        act(event.data.fd, ((event.events & EPOLLIN) != 0 ? CURL_CSELECT_IN : 0) |
                               ((event.events & EPOLLOUT) != 0 ? CURL_CSELECT_OUT : 0));
      }
    }
    return failed_;
  }

 private:
  void send(CURL* easy) {
    if (begun_ == count_) return curl_easy_cleanup(easy);
    const Request& request = work_.requests[begun_++ % work_.requests.size()];
    curl_easy_setopt(easy, CURLOPT_URL, request.url.c_str());
    curl_easy_setopt(easy, CURLOPT_POSTFIELDS, request.body.c_str());
    curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE, static_cast<long>(request.body.size()));
    curl_multi_add_handle(multi_, easy);
  }

  void act(curl_socket_t socket, int events) {
    int running = 0;
    curl_multi_socket_action(multi_, socket, events, &running);
    for (int left = 0; const CURLMsg* message = curl_multi_info_read(multi_, &left);) {
      if (message->msg != CURLMSG_DONE) continue;
      CURL* easy = message->easy_handle;
      long status = 0;
      curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
      if ((message->data.result != CURLE_OK || status != 200) && failed_++ == 0)
        fmt::print(stderr, "bare_push: the first failure: {} {}\n", status, curl_easy_strerror(message->data.result));
      ++answered_;
      curl_multi_remove_handle(multi_, easy);
      send(easy);
    }
  }

  static std::size_t on_body(char*, std::size_t size, std::size_t count, void*) { return size * count; }

  static int on_timer(CURLM*, long milliseconds, void* self) {
    static_cast<Loop*>(self)->wait_ = static_cast<int>(milliseconds);
    return 0;
  }

  static int on_socket(CURL*, curl_socket_t socket, int what, void* user, void*) {
    auto& self = *static_cast<Loop*>(user);
    epoll_event event{};
    event.data.fd = socket;
    event.events = ((what & CURL_POLL_IN) != 0 ? EPOLLIN : 0U) | ((what & CURL_POLL_OUT) != 0 ? EPOLLOUT : 0U);
    if (what == CURL_POLL_REMOVE) {
      ::epoll_ctl(self.epoll_, EPOLL_CTL_DEL, socket, nullptr);
    } else if (::epoll_ctl(self.epoll_, EPOLL_CTL_MOD, socket, &event) != 0) {
      ::epoll_ctl(self.epoll_, EPOLL_CTL_ADD, socket, &event);
    }
    return 0;
  }

  const Work& work_;
  CURLM* multi_ = curl_multi_init();
  int epoll_ = ::epoll_create1(0), wait_ = 0;
  std::size_t count_ = 0, begun_ = 0, answered_ = 0, failed_ = 0;
};

double cpu_seconds() {
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

}  // namespace

int main(int argc, char** argv) try {
  if (argc != 4) {
    fmt::print(stderr, "usage: bare_push FILE COUNT IN-FLIGHT\n");
    return 2;
  }
  curl_global_init(CURL_GLOBAL_DEFAULT);
  const Work work = read(argv[1]);
  const std::size_t count = std::stoul(argv[2]);
  Loop loop(work);
  // One by one: APNs takes a single stream until it knows the sender. The connection is not in the figures.
  if (loop.run(10, 1) != 0) return 1;
  const double cpu = cpu_seconds();
  const auto begun = Clock::now();
  const std::size_t failed = loop.run(count, std::stoul(argv[3]));
  const double seconds = std::chrono::duration<double>(Clock::now() - begun).count();
  const auto pushes = static_cast<double>(count);
  fmt::print(R"({{"operations":{},"failed":{},"perSecond":{:.1f},"cpuUs":{:.2f}}})"
             "\n",
             count, failed, pushes / seconds, (cpu_seconds() - cpu) * 1e6 / pushes);
  return failed == 0 ? 0 : 1;
} catch (const std::exception& error) {
  fmt::print(stderr, "bare_push: {}\n", error.what());
  return 1;
}
