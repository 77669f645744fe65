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

void add_scenario(Command bench, const Scenario& scenario) {
  auto options = std::make_shared<Options>();
  const Command command = bench.command(scenario.name, scenario.says);
  add_remote(command, *options).server.required();
  command.option("--connect", options->connect, "where to connect, when it is not --server, as a URL");
  command.option("--cross-device", options->cross_device,
                 "host name of the cross-device app; may be left out where there is one");
  command.option("--users", options->users, "the first so many users of the deployment take part")
      .between(1, 1'000'000);
  command.option("--connections", options->connections, "connections, of live ones a user").between(1, 20'000);
  command.option("--seconds", options->seconds, "how long it is measured").between(0.1, 3600.0);
  command.option("--warm-up", options->warm_up, "seconds before that").between(0.0, 600.0);
  command.option("--most", options->most, "requests at the most; 0: no bound");
  command.option("--rate", options->rate, "messages a second, where they are paced").between(0.1, 1e6);
  command.flag("--sse", options->events, "Server-Sent Events in place of WebSockets");
  command.option("--measure", options->processes, "process id of the server on this machine, for its CPU and memory");
  command.runs([options, &scenario] { return print(*options, scenario.run(*options)); });
}

}  // namespace

void add_bench(Command program) {
  const Command bench =
      program.command("bench", "the load generator: figures of a server under load; never of one in use");
  for (const Scenario& scenario : kScenarios) add_scenario(bench, scenario);
}

}  // namespace hg::cli
