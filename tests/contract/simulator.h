// A heliograph-pushsim of the test's own, on free ports, gone at the end; and calls to it.
#pragma once

#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <boost/asio/io_context.hpp>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>

#include "base/json.h"
#include "base/run_for_tests.h"
#include "net/client.h"

namespace hg::push {

namespace asio = boost::asio;

class Simulator {
 public:
  Simulator() {
    std::filesystem::create_directories(folder_);
    int pipe[2];
    EXPECT_EQ(::pipe2(pipe, O_CLOEXEC), 0);
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, pipe[1], STDOUT_FILENO);
    posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, (folder_ / "log").c_str(), O_CREAT | O_WRONLY, 0600);
    const std::string keys = folder_ / "sim";
    // This test lies in tests/ of the build folder, the program above.
    const std::string path =
        std::filesystem::canonical("/proc/self/exe").parent_path().parent_path() / "heliograph-pushsim";
    const char* program = path.c_str();
    std::array<const char*, 6> arguments{program, "--listen", "127.0.0.1:0", "--credentials", keys.c_str(), nullptr};
    EXPECT_EQ(::posix_spawn(&process_, program, &actions, nullptr, const_cast<char**>(arguments.data()), environ), 0);
    posix_spawn_file_actions_destroy(&actions);
    ::close(pipe[1]);
    addresses_ = parse_json(line(pipe[0])).value().as_object();
    ::close(pipe[0]);
    std::stringstream text;
    text << std::ifstream(keys + "/credentials.json").rdbuf();
    credentials_ = parse_json(text.str()).value().as_object();
  }
  ~Simulator() {
    client_.stop();
    ::kill(process_, SIGTERM);
    ::waitpid(process_, nullptr, 0);
    std::filesystem::remove_all(folder_);
  }
  Simulator(const Simulator&) = delete;
  Simulator& operator=(const Simulator&) = delete;

  [[nodiscard]] std::string address(const char* name) const { return std::string(addresses_.at(name).as_string()); }
  [[nodiscard]] std::string authority() const { return std::string(credentials_.at("authority").as_string()); }
  // The n-th app of a platform.
  [[nodiscard]] const json::object& app(std::string_view platform, int number = 0) const {
    for (const auto& app : credentials_.at("apps").as_array())
      if (app.at("platform").as_string() == platform && number-- == 0) return app.get_object();
    throw std::runtime_error("no such app");
  }

  json::value call(const std::string& method, const std::string& path, const json::value& body = nullptr) {
    net::Ask ask{.method = method, .url = address("http") + "/sim" + path};
    if (!body.is_null()) ask.body = json::serialize(body);
    const auto answer = run(client_.send(std::move(ask)));
    EXPECT_TRUE(answer && answer->status < 300) << path << (answer ? answer->body : answer.error().what);
    return answer && !answer->body.empty() ? parse_json(answer->body).value() : json::value();
  }
  json::object endpoint(json::object wish) { return call("POST", "/endpoints", wish).as_object(); }
  json::array received(const std::string& query) { return call("GET", "/received?" + query).at("value").as_array(); }

  // Runs the loop until `work` is done.
  template <class T>
  T run(asio::awaitable<T> work) {
    return hg::run_beside_others(loop, std::move(work));
  }

  asio::io_context loop;

 private:
  static std::string line(int descriptor) {
    std::string text;
    for (char c = 0; ::read(descriptor, &c, 1) == 1 && c != '\n';) text += c;
    return text;
  }

  std::filesystem::path folder_ =
      std::filesystem::temp_directory_path() / ("contract-test-" + std::to_string(::getpid()));
  pid_t process_ = 0;
  json::object addresses_, credentials_;
  net::Client client_{loop.get_executor(), {.reach = net::Reach::loopback, .http2 = false}};
};

}  // namespace hg::push
