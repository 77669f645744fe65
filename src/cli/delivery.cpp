// heliograph delivery: what became of a notification on its way to each endpoint, for the operator.
#include <memory>

#include "base/encoding.h"
#include "cli/command.h"

namespace hg::cli {

namespace {

struct Options : Common {
  std::string user, cross_device, id;
};

const std::vector<Column> kColumns = {{"DEVICE", "deviceName"},
                                      {"CHANNEL", "channel"},
                                      {"STATE", "state"},
                                      {"REASON", "reason"},
                                      {"ATTEMPTS", "attempts"},
                                      {"OWED", "owedDateTime"},
                                      {"ACCEPTED", "acceptedDateTime"},
                                      {"CLEARED AFTER", "secondsToCleared"}};

Result<void> show(const Options& options, Door& door) {
  std::string path =
      "/notifications/" + percent_encode(options.id) + "/deliveries?user=" + percent_encode(options.user);
  if (!options.cross_device.empty()) path += "&crossDevice=" + percent_encode(options.cross_device);
  HG_TRY(const json::value all, door.admin("GET", path));
  options.json ? print_json(all.at("value")) : print_table(all.at("value").as_array(), kColumns);
  return {};
}

}  // namespace

void add_delivery(Command program) {
  auto options = std::make_shared<Options>();
  const Command noun = program.command("delivery", "what became of notifications on their way to endpoints");
  const Command showing = noun.command("show", "one notification: each endpoint's outcome");
  add_common(showing, *options);
  showing.option("--user", options->user, "user principal name").required();
  showing.option("--cross-device", options->cross_device, "host name of the cross-device app; without it all");
  showing.option("id", options->id, "the notification's id or appNotificationId").required();
  showing.runs([options] { return with_door(*options, [&](Door& door) { return show(*options, door); }); });
}

}  // namespace hg::cli
