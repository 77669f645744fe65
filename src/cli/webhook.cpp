// heliograph webhook: where the app servers of a cross-device app are told of ended subscriptions.
#include <memory>

#include "base/encoding.h"
#include "cli/command.h"

namespace hg::cli {

namespace {

struct Options : Common {
  std::string cross_device, url, id;
};

const std::vector<Column> kColumns = {
    {"URL", "url"}, {"STATE", "state"}, {"REASON", "reason"}, {"WAITING", "waiting"}, {"ID", "id"}};

Result<std::string> path_of(const Options& options, Door& door) {
  HG_TRY(const std::string host, cross_device_host(door, options.cross_device));
  return "/crossDeviceApps/" + percent_encode(host) + "/webhooks";
}

Result<void> show(const Options& options, const json::value& value) {
  options.json ? print_json(value) : print_object(value);
  return {};
}

Result<void> add(const Options& options, Door& door) {
  HG_TRY(const std::string path, path_of(options, door));
  HG_TRY(const json::value made, door.admin("POST", path, json::value(json::object{{"url", options.url}})));
  return show(options, made);
}

Result<void> list(const Options& options, Door& door) {
  HG_TRY(const std::string path, path_of(options, door));
  HG_TRY(const json::value all, door.admin("GET", path));
  options.json ? print_json(all.at("value")) : print_table(all.at("value").as_array(), kColumns);
  return {};
}

Result<void> test(const Options& options, Door& door) {
  HG_TRY(const std::string path, path_of(options, door));
  HG_TRY(const json::value told, door.admin("POST", path + "/" + percent_encode(options.id) + "/test"));
  HG_CHECK(show(options, told));
  if (told.at("state").as_string() == "ok") return {};
  return fail(Code::unavailable, "the webhook did not take the test message: " + readable(told.at("reason")));
}

Result<void> remove(const Options& options, Door& door) {
  HG_TRY(const std::string path, path_of(options, door));
  HG_TRY([[maybe_unused]] const json::value done, door.admin("DELETE", path + "/" + percent_encode(options.id)));
  return {};
}

}  // namespace

void add_webhook(Command program) {
  auto options = std::make_shared<Options>();
  const Command noun = program.command("webhook", "where app servers are told of ended subscriptions");
  const auto verb = [&](const char* name, const char* sentence, Result<void> (*work)(const Options&, Door&)) {
    const Command command = noun.command(name, sentence);
    add_common(command, *options);
    command.option("--cross-device", options->cross_device,
                   "host name of the cross-device app; may be left out where there is one");
    command.runs([options, work] { return with_door(*options, [&](Door& door) { return work(*options, door); }); });
    return command;
  };
  verb("add", "add one; prints the secret that its calls are signed with, once", add)
      .option("url", options->url, "https; answers POST ?validationToken=… with the token as text")
      .required();
  verb("list", "all of a cross-device app", list);
  verb("test", "send one a test message now", test).option("id", options->id, "its id").required();
  verb("remove", "remove one, with what it was still to be told", remove)
      .option("id", options->id, "its id")
      .required();
}

}  // namespace hg::cli
