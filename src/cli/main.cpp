// The program `heliograph`: finds the command and runs it. The third of the doors where faults are caught.
#include <fmt/format.h>
#include <sys/resource.h>

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
  program.require_subcommand(1);
  program.failure_message(CLI::FailureMessage::simple);
  hg::cli::Chosen chosen;
  hg::cli::add_serve(program, chosen);
  hg::cli::add_init(program, chosen);
  hg::cli::add_token(program, chosen);
  hg::cli::add_subscribe(program, chosen);
  hg::cli::add_send(program, chosen);
  hg::cli::add_tail(program, chosen);
  hg::cli::add_user(program, chosen);
  hg::cli::add_app(program, chosen);
  hg::cli::add_cross_device(program, chosen);
  hg::cli::add_subscription(program, chosen);
  hg::cli::add_notification(program, chosen);
  hg::cli::add_doctor(program, chosen);
  hg::cli::add_backup(program, chosen);
  hg::cli::add_restore(program, chosen);
  hg::cli::add_bench(program, chosen);
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
