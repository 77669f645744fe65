// heliograph key: what signs tokens.
#include <fmt/format.h>

#include <memory>

#include "cli/command.h"

namespace hg::cli {

namespace {

struct Options : Common {
  std::string algorithm;
};

const std::vector<Column> kColumns = {{"KEY ID", "kid"},
                                      {"ALGORITHM", "algorithm"},
                                      {"STATE", "state"},
                                      {"SIGNS SINCE", "activatedDateTime"},
                                      {"SIGNED UNTIL", "retiredDateTime"}};

Result<void> show(const Options& options, const json::value& all) {
  options.json ? print_json(all.at("value")) : print_table(all.at("value").as_array(), kColumns);
  return {};
}

Result<void> change(const Options& options, Door& door, const std::string& path) {
  json::object body;
  if (!options.algorithm.empty()) body["algorithm"] = options.algorithm;
  HG_TRY(const json::value all, door.admin("POST", path, json::value(body)));
  return show(options, all);
}

}  // namespace

void add_key(Command program) {
  auto options = std::make_shared<Options>();
  const Command noun = program.command("key", "what signs tokens");
  const auto verb = [&](const char* name, const char* sentence,
                        std::function<Result<void>(const Options&, Door&)> work) {
    const Command command = noun.command(name, sentence);
    add_common(command, *options);
    command.runs([options, work] { return with_door(*options, [&](Door& door) { return work(*options, door); }); });
    return command;
  };
  const auto algorithm = [&](Command command) {
    command.option("--algorithm", options->algorithm, "RS256 or ES256; as before, if left out")
        .one_of({"RS256", "ES256"});
  };
  verb("list", "all keys: the next one, the one that signs, and those whose tokens are still good",
       [](const Options& o, Door& door) -> Result<void> {
         HG_TRY(const json::value all, door.admin("GET", "/signingKeys"));
         return show(o, all);
       });
  algorithm(verb("prepare", "publish a key that signs after the next rotation",
                 [](const Options& o, Door& door) { return change(o, door, "/signingKeys/prepare"); }));
  algorithm(verb("rotate", "sign with the prepared key from now on, or with a new one; no token is refused for it",
                 [](const Options& o, Door& door) { return change(o, door, "/signingKeys/rotate"); }));
}

}  // namespace hg::cli
