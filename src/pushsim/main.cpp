// The program heliograph-pushsim: stands for WNS, APNs, FCM, a Web Push service and a mail relay.
#include <fmt/format.h>

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <exception>
#include <system_error>

#include "base/log.h"
#include "options/program.h"
#include "pushsim/simulator.h"

namespace {

constexpr int kDone = 0, kFailed = 1;

constexpr const char* kWhat =
    "Stands for WNS, APNs, FCM, a Web Push service and an SMTP relay, as strict as they are, so that Heliograph can "
    "be\n"
    "tried and tested without an account at any of them. It prints one line of JSON with its addresses when it is "
    "ready;\n"
    "http://ADDR:PORT/sim tells how to register endpoints, see what came, and make it misbehave (docs/pushsim.md).";

// One line for whoever started it.
void print_addresses(const hg::pushsim::Addresses& at, const std::string& credentials) {
  std::string line;
  hg::JsonWriter out(line);
  out.object().field("http", at.http).field("https", at.https).field("apns", at.apns);
  out.field("apnsSandbox", at.apns_sandbox).field("smtp", at.smtp);
  if (!credentials.empty()) out.field("credentials", credentials);
  out.end();
  fmt::print("{}\n", line);
  if (std::fflush(stdout) != 0) throw std::system_error(errno, std::generic_category(), "cannot write the addresses");
}

int run(const hg::pushsim::Options& options) {
  hg::log::open(hg::log::Level::info, hg::log::Format::automatic, hg::log::Stream::err);
  const hg::SystemClock clock;
  auto simulator = hg::pushsim::Simulator::open(options, clock);
  if (!simulator) {
    fmt::print(stderr, "heliograph-pushsim: {}\n", simulator.error().message);
    return kFailed;
  }
  (*simulator)->stop_at_signals();
  print_addresses((*simulator)->world().addresses, options.credentials);
  (*simulator)->run();
  hg::log::flush();
  return kDone;
}

}  // namespace

int main(int argc, char** argv) {
  std::signal(SIGPIPE, SIG_IGN);
  hg::options::Program program("heliograph-pushsim", kWhat, HELIOGRAPH_VERSION);
  const auto command = program.command();
  hg::pushsim::Options options;
  command.option("--listen", options.listen,
                 "ADDR:PORT for plain HTTP (default 127.0.0.1:8090); port 0: any that is free");
  command.option("--tls-listen", options.tls_listen,
                 "for HTTPS: FCM, WNS, Web Push, token services (default: the next port, 8091)");
  command.option("--apns-listen", options.apns_listen, "for APNs, HTTP/2 alone (default: the one after it, 8092)");
  command.option("--apns-sandbox-listen", options.apns_sandbox_listen, "for its sandbox (8093)");
  command.option("--smtp-listen", options.smtp_listen, "for SMTP (8094)");
  command.option("--credentials", options.credentials,
                 "a folder for certificate, keys and secrets, made where it is missing; the same again next time");
  command.option("--seed", options.seed, "of chance, for faults that meet a proportion of requests (default 1)");
  command.option("--keep", options.keep, "requests that stay to be inspected (default 20000)");
  command.flag("--fcm-quotas", options.fcm_quotas,
               "count messages to FCM: 600,000 a minute to a project, 240 a minute and 5,000 an hour to a device");
  command.flag("--smtp-require-auth", options.smtp.auth, "mail only from who has authenticated");
  command.flag("--smtp-require-tls", options.smtp.tls, "mail only after STARTTLS");
  command.runs([&] { return run(options); });
  try {
    return program.run(argc, argv);
  } catch (const std::exception& error) {
    std::fputs(fmt::format("heliograph-pushsim: {}\n", error.what()).c_str(), stderr);
    return kFailed;
  }
}
