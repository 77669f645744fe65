// heliograph bench: the load generator of the benchmark, against a server that runs.
#include <fmt/format.h>

#include <memory>
#include <string>

#include "cli/bench.h"
#include "cli/command.h"

namespace hg::cli {

namespace {

using bench::Options;

struct Scenario {
  const char* name;
  const char* says;
  const char* connections;
  int users, each, rate;  // as usual; rate 0: as fast as the server answers
  Result<load::Figures> (*run)(const Options&);
};

constexpr const char* kCalls = "keep-alive connections for the calls";
constexpr const char* kLive = "live connections of each user";

constexpr Scenario kScenarios[] = {
    {"post", "post notifications on keep-alive connections, as an app server", kCalls, 10'000, 64, 0, bench::post},
    {"live", "change the state of notifications and follow it on live connections", kLive, 1'000, 3, 500, bench::live},
    {"fanout", "change the state of one user's notification and follow it on very many live connections", kLive, 1,
     1'000, 20, bench::live},
    {"idle", "open live connections and hold them", kLive, 1'000, 10, 500, bench::idle},
    {"delta", "ask what changed, five changes at a time", kCalls, 100, 4, 0, bench::delta},
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
      .between(1, 1'000'000)
      .otherwise(std::to_string(scenario.users));
  command.option("--connections", options->connections, scenario.connections)
      .between(1, 20'000)
      .otherwise(std::to_string(scenario.each));
  command.option("--seconds", options->seconds, "how long it is measured").between(0.1, 3600.0).otherwise("10");
  command.option("--warm-up", options->warm_up, "seconds before that").between(0.0, 600.0).otherwise("1");
  if (scenario.rate > 0) {
    command.option("--rate", options->rate, "changes a second")
        .between(0.1, 1e6)
        .otherwise(std::to_string(scenario.rate));
    command.flag("--sse", options->events, "Server-Sent Events in place of WebSockets");
  } else {
    command.option("--most", options->most, "requests at the most; 0: no bound").otherwise("0");
  }
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
