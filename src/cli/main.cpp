// The program `heliograph`: finds the command and runs it. The third of the doors where faults are caught.
#include <sys/resource.h>

#include <csignal>
#include <exception>

#include "cli/command.h"

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
  hg::options::Program program("heliograph", "Heliograph: notifications to users, on all their devices, handled once.",
                               HELIOGRAPH_VERSION);
  const hg::cli::Command root = program.command();
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
  hg::cli::add_webhook(root);
  hg::cli::add_delivery(root);
  hg::cli::add_key(root);
  hg::cli::add_audit(root);
  hg::cli::add_doctor(root);
  hg::cli::add_backup(root);
  hg::cli::add_restore(root);
  hg::cli::add_bench(root);
  try {
    return program.run(argc, argv);
  } catch (const std::exception& error) {
    return hg::cli::report(hg::Error{hg::Code::internal, error.what()});
  }
}
