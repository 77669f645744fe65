// heliograph cross-device: the apps' identity across platforms.
#include <memory>

#include "base/encoding.h"
#include "cli/command.h"

namespace hg::cli {

namespace {

struct Options : Common {
  std::string host, value, platform;
  std::vector<std::string> members;
  bool allow_unverified = false;
};

const std::vector<Column> kColumns = {{"HOST", "hostName"},
                                      {"MEMBERS", "members"},
                                      {"PLATFORM APP IDS", "platformAppIds"},
                                      {"UNVERIFIED ALLOWED", "allowUnverified"}};

std::string path_of(const Options& options) { return "/crossDeviceApps/" + percent_encode(options.host); }

Result<void> show(const Options& options, const json::value& value) {
  options.json ? print_json(value) : print_object(value);
  return {};
}

Result<void> post(const Options& options, Door& door, const std::string& path, const json::value& body) {
  HG_TRY(const json::value changed, door.admin("POST", path, body));
  return show(options, changed);
}

Result<void> remove(Door& door, const std::string& path) {
  HG_TRY([[maybe_unused]] const json::value done, door.admin("DELETE", path));
  return {};
}

Result<void> list(Options& options, Door& door) {
  HG_TRY(const json::value all, door.admin("GET", "/crossDeviceApps"));
  options.json ? print_json(all.at("value")) : print_table(all.at("value").as_array(), kColumns);
  return {};
}

}  // namespace

void add_cross_device(Command program) {
  auto options = std::make_shared<Options>();
  const Command noun =
      program.command("cross-device", "the apps' identity across platforms: host name, members, platform app ids");
  noun.alias("crossdevice");
  const auto verb = [&](const std::string& name, const std::string& sentence, bool of_one,
                        std::function<Result<void>(Options&, Door&)> work) {
    const Command command = noun.command(name, sentence);
    add_common(command, *options);
    if (of_one) command.option("host", options->host, "its host name (targetHostName)").required();
    command.runs([options, work] { return with_door(*options, [&](Door& door) { return work(*options, door); }); });
    return command;
  };
  const Command adding = verb("add", "make one, with its VAPID key pair", true, [](Options& o, Door& door) {
    return post(
        o, door, "/crossDeviceApps",
        json::value{
            {"hostName", o.host}, {"members", json::value_from(o.members)}, {"allowUnverified", o.allow_unverified}});
  });
  adding.option("--member", options->members, "client id of an application that belongs to it; may be repeated");
  adding.flag("--allow-unverified", options->allow_unverified, "serve it before its domain is verified");
  verb("list", "all of them", false, list);
  verb("show", "one", true, [](Options& o, Door& door) -> Result<void> {
    HG_TRY(const json::value one, door.admin("GET", path_of(o)));
    return show(o, one);
  });
  verb("verification", "how its host proves itself: by a file, or by a TXT record", true,
       [](Options& o, Door& door) -> Result<void> {
         HG_TRY(const json::value how, door.admin("GET", path_of(o) + "/verification"));
         return show(o, how);
       });
  verb("verify", "ask its host now", true, [](Options& o, Door& door) -> Result<void> {
    HG_TRY(const json::value found, door.admin("POST", path_of(o) + "/verification"));
    HG_CHECK(show(o, found));
    if (found.at("verified").as_bool()) return {};
    return fail(Code::conflict, fmt::format("the host does not prove itself: {}; {}", readable(found.at("fileReason")),
                                            readable(found.at("txtReason"))));
  });
  verb("remove", "remove one", true, [](Options& o, Door& door) { return remove(door, path_of(o)); });
  const auto with_value = [&](Command command, const std::string& name, const std::string& sentence) {
    command.option(name, options->value, sentence).required();
  };
  with_value(
      verb("add-member", "let an application belong to it", true,
           [](Options& o, Door& door) { return post(o, door, path_of(o) + "/members", {{"clientId", o.value}}); }),
      "client-id", "the application");
  with_value(
      verb("remove-member", "the application belongs to it no longer", true,
           [](Options& o, Door& door) { return remove(door, path_of(o) + "/members/" + percent_encode(o.value)); }),
      "client-id", "the application");
  const auto platform_value = [&](Command command) {
    command.option("platform", options->platform, "windows_universal, windows_win32, android, ios or web")
        .required()
        .one_of({"windows_universal", "windows_win32", "android", "ios", "web"});
    command.option("app-id", options->value, "AUMID, package name, bundle id or web origin").required();
  };
  platform_value(
      verb("add-platform-id", "add a platform app id (up to ten a platform)", true, [](Options& o, Door& door) {
        return post(o, door, path_of(o) + "/platformAppIds", {{"platform", o.platform}, {"appId", o.value}});
      }));
  platform_value(verb("remove-platform-id", "remove a platform app id", true, [](Options& o, Door& door) {
    return remove(door, path_of(o) + "/platformAppIds?platform=" + percent_encode(o.platform) +
                            "&appId=" + percent_encode(o.value));
  }));
  with_value(
      verb("add-sender-domain", "allow a domain in the e-mail fallback's fromAddress", true,
           [](Options& o, Door& door) { return post(o, door, path_of(o) + "/senderDomains", {{"domain", o.value}}); }),
      "domain", "for example example.com");
  with_value(verb("remove-sender-domain", "allow it no longer", true,
                  [](Options& o, Door& door) {
                    return remove(door, path_of(o) + "/senderDomains/" + percent_encode(o.value));
                  }),
             "domain", "for example example.com");
}

}  // namespace hg::cli
