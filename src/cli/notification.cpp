// heliograph notification: what a user has been told, for the operator.
#include <fmt/format.h>

#include <memory>

#include "base/encoding.h"
#include "cli/command.h"

namespace hg::cli {

namespace {

struct Options : Common {
  std::string user, cross_device, id;
};

const std::vector<Column> kColumns = {{"NAME", "appNotificationId"},
                                      {"CROSS-DEVICE APP", "targetHostName"},
                                      {"READ", "readState"},
                                      {"ACTION", "userActionState"},
                                      {"CREATED", "creationDateTime"},
                                      {"EXPIRES", "expirationDateTime"},
                                      {"ID", "id"}};

std::string path_of(const Options& options) {
  std::string path = "/notifications";
  if (!options.id.empty()) path += "/" + percent_encode(options.id);
  path += "?user=" + percent_encode(options.user);
  if (!options.cross_device.empty()) path += "&crossDevice=" + percent_encode(options.cross_device);
  return path;
}

Result<void> list(const Options& options, Door& door) {
  HG_TRY(const json::value all, door.admin("GET", path_of(options)));
  options.json ? print_json(all.at("value")) : print_table(all.at("value").as_array(), kColumns);
  return {};
}

Result<void> show(const Options& options, Door& door) {
  HG_TRY(const json::value one, door.admin("GET", path_of(options)));
  options.json ? print_json(one) : print_object(one);
  return {};
}

Result<void> remove(const Options& options, Door& door) {
  HG_TRY([[maybe_unused]] const json::value done, door.admin("DELETE", path_of(options)));
  return {};
}

using Verb = Result<void> (*)(const Options&, Door&);

Command add_verb(Command noun, const std::shared_ptr<Options>& options, const char* name, const char* sentence,
                 Verb verb) {
  const Command command = noun.command(name, sentence);
  add_common(command, *options);
  command.option("--user", options->user, "user principal name").required();
  command.option("--cross-device", options->cross_device, "host name of the cross-device app; without it all");
  command.runs([options, verb] { return with_door(*options, [&](Door& door) { return verb(*options, door); }); });
  return command;
}

}  // namespace

void add_notification(Command program) {
  auto options = std::make_shared<Options>();
  const Command noun = program.command("notification", "list, show and remove a user's notifications");
  add_verb(noun, options, "list", "a user's notifications, newest first", list);
  add_verb(noun, options, "show", "one notification, whole", show)
      .option("id", options->id, "its id or appNotificationId")
      .required();
  add_verb(noun, options, "remove", "delete one; every device sees it go", remove)
      .option("id", options->id, "its id or appNotificationId")
      .required();
}

}  // namespace hg::cli
