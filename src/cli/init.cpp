// heliograph init: a data directory with keys and an administrator.
#include <fmt/format.h>

#include <memory>

#include "app/bootstrap.h"
#include "cli/command.h"

namespace hg::cli {

namespace {

struct Options {
  std::string data, config, store, public_url;
  bool demo = false;
  bool json = false;
};

void print_text(const Options& options, const json::value& made) {
  fmt::print("made {}\n", options.data);
  print_object(made);
  fmt::print("\nThese secrets are shown this once. Start it: heliograph serve --data {}\n", options.data);
}

int init(const Options& options) {
  auto config = configuration(options.config, options.data);
  if (!config) return report(config.error());
  if (const auto named = name_store(*config, options.store); !named) return report(named.error());
  if (!options.public_url.empty()) config->public_url = options.public_url;
  const auto made = app::initialise(*config, options.demo);
  if (!made) return report(made.error());
  if (options.json) {
    print_json(*made);
  } else {
    print_text(options, *made);
  }
  return kDone;
}

}  // namespace

void add_init(Command program) {
  auto options = std::make_shared<Options>();
  const Command command =
      program.command("init", "make a data directory: keys, administrator; with --demo all there is to try");
  command.option("--data", options->data, "the directory to make").required();
  command.option("--config", options->config, "TOML file");
  command.option("--store", options->store, kStoreHelp);
  command.option("--public-url", options->public_url, "the address clients will use");
  command.flag("--demo", options->demo,
               "add sample applications, a cross-device app, users, and a certificate for localhost");
  command.flag("--json", options->json, "print JSON");
  command.runs([options] { return init(*options); });
}

}  // namespace hg::cli
