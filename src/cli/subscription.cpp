// heliograph subscribe and heliograph subscription: endpoints of users.
#include <fmt/format.h>

#include <memory>

#include "base/encoding.h"
#include "cli/command.h"

namespace hg::cli {

namespace {

struct Options : Common {
  std::string user, cross_device, device, unsid;
};

const std::vector<Column> kColumns = {{"DEVICE", "deviceId"},
                                      {"CHANNEL", "channel"},
                                      {"CROSS-DEVICE APP", "crossDevice"},
                                      {"ENDS", "expirationDateTime"},
                                      {"UNSID", "userNotificationSubscriptionId"}};

Result<void> subscribe(const Options& options, Door& door) {
  json::object body{{"user", options.user}, {"deviceId", options.device}};
  if (!options.cross_device.empty()) body["crossDevice"] = options.cross_device;
  HG_TRY(const json::value made, door.admin("POST", "/subscriptions", json::value(body)));
  if (options.json) {
    json::object printed = made.as_object();
    printed["unsid"] = made.at("userNotificationSubscriptionId");
    print_json(json::value(printed));
  } else {
    fmt::print("{}\n", readable(made.at("userNotificationSubscriptionId")));
  }
  return {};
}

Result<void> list(const Options& options, Door& door) {
  std::string path = "/subscriptions?user=" + percent_encode(options.user);
  if (!options.cross_device.empty()) path += "&crossDevice=" + percent_encode(options.cross_device);
  HG_TRY(const json::value all, door.admin("GET", path));
  if (options.json) {
    print_json(all.at("value"));
  } else {
    print_table(all.at("value").as_array(), kColumns);
  }
  return {};
}

}  // namespace

void add_subscribe(Command program) {
  auto options = std::make_shared<Options>();
  const Command command = program.command("subscribe", "make a live-only subscription for a user and print its UNSID");
  add_common(command, *options);
  command.option("--user", options->user, "user principal name").required();
  command.option("--device", options->device, "what the device is called").otherwise("heliograph-cli");
  command.option("--cross-device", options->cross_device,
                 "host name of the cross-device app; may be left out where there is one");
  command.runs([options] { return with_door(*options, [&](Door& door) { return subscribe(*options, door); }); });
}

void add_subscription(Command program) {
  auto options = std::make_shared<Options>();
  const Command noun = program.command("subscription", "list and end subscriptions");
  const Command listing = noun.command("list", "a user's active subscriptions");
  add_common(listing, *options);
  listing.option("--user", options->user, "user principal name").required();
  listing.option("--cross-device", options->cross_device, "of this cross-device app only");
  listing.runs([options] { return with_door(*options, [&](Door& door) { return list(*options, door); }); });
  const Command ending = noun.command("remove", "end a subscription");
  add_common(ending, *options);
  ending.option("unsid", options->unsid, "its UNSID").required();
  ending.runs([options] {
    return with_door(*options, [&](Door& door) -> Result<void> {
      const auto done = door.admin("DELETE", "/subscriptions/" + percent_encode(options->unsid));
      if (done) return {};
      if (done.error().code != Code::not_found) return fail(done.error());
      return fail(Code::not_found, "no subscription has this UNSID; heliograph subscription list shows a user's");
    });
  });
}

}  // namespace hg::cli
