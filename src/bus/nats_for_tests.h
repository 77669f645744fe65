// For tests: a nats-server of the test's own on a free port of loopback, gone at the end.
#pragma once

#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

namespace hg::bus {

// Polls; a slow machine only makes it slower.
template <class F>
bool until(F condition) {
  for (const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(60); !condition();) {
    if (std::chrono::steady_clock::now() > end) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }
  return true;
}

class NatsServer {
 public:
  // `configuration`: what its file says beside the port.
  explicit NatsServer(std::string configuration = "") : configuration_(std::move(configuration)) { start(); }
  ~NatsServer() {
    kill();
    std::filesystem::remove_all(folder_);
  }
  NatsServer(const NatsServer&) = delete;
  NatsServer& operator=(const NatsServer&) = delete;

  // On the port it had before.
  void start() {
    std::filesystem::remove_all(folder_ / "ports");
    std::filesystem::create_directories(folder_ / "ports");
    std::ofstream(folder_ / "nats.conf") << "host: \"127.0.0.1\"\nport: " << port_ << "\nports_file_dir: \""
                                         << (folder_ / "ports").string() << "\"\n"
                                         << configuration_ << "\n";
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
    posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, (folder_ / "log").c_str(), O_CREAT | O_WRONLY, 0600);
    const std::string file = folder_ / "nats.conf";
    // Where Debian has it, which need not be on the PATH.
    std::vector<const char*> arguments{"/usr/sbin/nats-server", "-c", file.c_str(), nullptr};
    ASSERT_EQ(::posix_spawn(&process_, arguments[0], &actions, nullptr, const_cast<char**>(arguments.data()), environ),
              0)
        << "nats-server is missing: tools/setup --test";
    posix_spawn_file_actions_destroy(&actions);
    ASSERT_TRUE(until([&] { return read_port(); })) << "nats-server does not start";
  }
  // SIGKILL.
  void kill() {
    if (process_ == 0) return;
    ::kill(process_, SIGKILL);
    ::waitpid(process_, nullptr, 0);
    process_ = 0;
  }
  // From the next start on.
  void configure(std::string configuration) { configuration_ = std::move(configuration); }
  void pause() const { ::kill(process_, SIGSTOP); }
  void resume() const { ::kill(process_, SIGCONT); }

  [[nodiscard]] std::string address() const { return "nats://127.0.0.1:" + std::to_string(port_); }
  [[nodiscard]] int port() const { return port_; }

 private:
  // It writes its addresses into a file once it listens.
  bool read_port() {
    for (const auto& file : std::filesystem::directory_iterator(folder_ / "ports")) {
      std::stringstream text;
      text << std::ifstream(file.path()).rdbuf();
      const auto found = text.str().find("127.0.0.1:");
      if (found == std::string::npos) continue;
      port_ = std::stoi(text.str().substr(found + 10));
      return true;
    }
    return false;
  }

  inline static int made_ = 0;
  std::filesystem::path folder_ = std::filesystem::temp_directory_path() /
                                  ("bus-test-" + std::to_string(::getpid()) + "-" + std::to_string(++made_));
  std::string configuration_;
  pid_t process_ = 0;
  int port_ = -1;
};

}  // namespace hg::bus
