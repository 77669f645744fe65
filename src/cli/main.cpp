// The program `heliograph`: finds the command and runs it. The third of the doors where faults are caught.
#include <fmt/format.h>
#include <sys/resource.h>

#include <CLI/CLI.hpp>
#include <csignal>
#include <cstdio>
#include <exception>

#include "cli/command.h"
#include "cli/usage.h"

namespace {

// Secrets live in this process's memory.
void forbid_core_dumps() {
  const rlimit none{0, 0};
  ::setrlimit(RLIMIT_CORE, &none);
}

}  // namespace

int main(int argc, char** argv) {
  std::signal(SIGPIPE, SIG_IGN);
  forbid_core_dumps();
  CLI::App program("Heliograph: notifications to users, on all their devices, handled once.");
  program.name("heliograph");
  program.set_version_flag("--version", std::string("heliograph ") + HELIOGRAPH_VERSION);
  program.failure_message(CLI::FailureMessage::simple);
  hg::cli::Chosen chosen;
  const hg::cli::Command root(&program, &chosen);
  hg::cli::add_serve(root);
  hg::cli::add_init(root);
  hg::cli::add_token(root);
  hg::cli::add_subscribe(root);
  hg::cli::add_send(root);
  hg::cli::add_tail(root);
  hg::cli::add_user(root);
  hg::cli::add_app(root);
  hg::cli::add_cross_device(root);
  hg::cli::add_subscription(root);
  hg::cli::add_notification(root);
  hg::cli::add_credential(root);
  hg::cli::add_delivery(root);
  hg::cli::add_doctor(root);
  hg::cli::add_backup(root);
  hg::cli::add_restore(root);
  hg::cli::add_bench(root);
  if (argc == 1) {
    fmt::print(stderr, "{}", program.help());
    return hg::cli::kUsage;
  }
  try {
    program.parse(argc, argv);
  } catch (const CLI::Success& asked) {
    return program.exit(asked);
  } catch (const CLI::ParseError& error) {
    fmt::print(stderr, "{}\n", hg::cli::usage_line(program, error));
    return hg::cli::kUsage;
  }
  try {
    return chosen.run();
  } catch (const std::exception& error) {
    return hg::cli::report(hg::Error{hg::Code::internal, error.what()});
  }
}
