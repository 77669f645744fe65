// heliograph bench: the load generator of the benchmark, against a server that runs.
#include <fmt/format.h>

#include <memory>

#include "cli/bench.h"
#include "cli/command.h"

namespace hg::cli {

namespace {

using bench::Options;

struct Scenario {
  const char* name;
  const char* says;
  Result<load::Figures> (*run)(const Options&);
};

constexpr Scenario kScenarios[] = {
    {"post", "post notifications on keep-alive connections, as an app server", bench::post},
    {"live", "change the state of notifications and follow it on live connections", bench::live},
    {"fanout", "the same for one user with very many live connections", bench::fanout},
    {"idle", "open live connections and hold them", bench::idle},
    {"delta", "ask what changed, five changes at a time", bench::delta},
};

int print(const Options& options, const Result<load::Figures>& figures) {
  if (!figures) return report(figures.error());
  const json::object out = figures->json();
  if (options.json) {
    print_json(out);
  } else {
    print_object(out);
  }
  return figures->failed == 0 ? kDone : kFailed;
}

void add_scenario(CLI::App& bench, Chosen& chosen, const Scenario& scenario) {
  auto options = std::make_shared<Options>();
  CLI::App* command = bench.add_subcommand(scenario.name, scenario.says);
  add_common(*command, *options);
  command->get_option("--server")->required();
  command->add_option("--connect", options->connect, "where to connect, when it is not --server, as a URL");
  command->add_option("--cross-device", options->cross_device,
                      "host name of the cross-device app; may be left out where there is one");
  command->add_option("--users", options->users, "the first so many users of the deployment take part")
      ->check(CLI::Range(1, 1'000'000));
  command->add_option("--connections", options->connections, "connections, of live ones a user")
      ->check(CLI::Range(1, 20'000));
  command->add_option("--seconds", options->seconds, "how long it is measured")->check(CLI::Range(0.1, 3600.0));
  command->add_option("--warm-up", options->warm_up, "seconds before that")->check(CLI::Range(0.0, 600.0));
  command->add_option("--most", options->most, "requests at the most; 0: no bound");
  command->add_option("--rate", options->rate, "messages a second, where they are paced")->check(CLI::Range(0.1, 1e6));
  command->add_flag("--sse", options->events, "Server-Sent Events in place of WebSockets");
  command->add_option("--measure", options->processes,
                      "process id of the server on this machine, for its CPU and memory");
  command->callback([&chosen, options, &scenario] {
    chosen.run = [options, &scenario] { return print(*options, scenario.run(*options)); };
  });
}

}  // namespace

void add_bench(CLI::App& program, Chosen& chosen) {
  CLI::App* bench =
      program.add_subcommand("bench", "the load generator: figures of a server under load; never of one in use");
  bench->require_subcommand(1);
  for (const Scenario& scenario : kScenarios) add_scenario(*bench, chosen, scenario);
}

}  // namespace hg::cli
