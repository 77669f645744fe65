// heliograph send: posts a notification as an app server would.
#include <fmt/format.h>

#include <memory>

#include "base/encoding.h"
#include "cli/command.h"
#include "crypto/hash.h"

namespace hg::cli {

namespace {

struct Options : Common {
  std::string unsid, user, cross_device, title, body, raw, group, id, priority, expires;
  int ttl = 0;  // 0: not said
};

json::value notification(const Options& options, const std::string& host) {
  json::object payload;
  if (!options.raw.empty()) payload["rawContent"] = options.raw;
  if (!options.title.empty()) payload["visualContent"] = {{"title", options.title}, {"body", options.body}};
  json::object out{{"targetHostName", host},
                   {"appNotificationId", options.id.empty() ? crypto::random_guid().str() : options.id},
                   {"payload", payload}};
  if (!options.group.empty()) out["groupName"] = options.group;
  if (!options.priority.empty()) out["priority"] = options.priority;
  if (!options.expires.empty()) out["expirationDateTime"] = options.expires;
  if (options.ttl > 0) out["displayTimeToLive"] = options.ttl;
  return json::value(out);
}

// An app server knows a user by a UNSID; the operator may name the user.
Result<std::string> unsid_of(const Options& options, Door& door, const std::string& host) {
  if (!options.unsid.empty()) return options.unsid;
  HG_TRY(const json::value list, door.admin("GET", "/subscriptions?user=" + percent_encode(options.user) +
                                                       "&crossDevice=" + percent_encode(host)));
  const auto& all = list.at("value").as_array();
  if (all.empty())
    return fail(Code::not_found, fmt::format("{} has no subscription there; make one: heliograph subscribe --user {}",
                                             options.user, options.user));
  return json::value_to<std::string>(all.back().at("userNotificationSubscriptionId"));
}

Result<void> send(const Options& options, Door& door) {
  HG_TRY(const std::string host, cross_device_host(door, options.cross_device));
  HG_TRY(const std::string unsid, unsid_of(options, door, host));
  HG_TRY(const json::value token, door.admin("POST", "/tokens", json::value{{"crossDevice", host}}));
  Ask ask{"POST",
          "/beta/me/notifications",
          {{"Authorization", "Bearer " + readable(token.at("access_token"))},
           {"X-UNS-ID", unsid},
           {"Content-Type", "application/json"}},
          json::serialize(notification(options, host))};
  HG_TRY(const Answer answer, door.send(std::move(ask)));
  if (!options.unsid.empty() && (answer.status == 403 || answer.status == 404))
    return fail(Code::not_found, fmt::format("no subscription to {} is known by the UNSID {}", host, unsid));
  if (answer.status != 201) return fail(Code::internal, message_of(answer));
  HG_TRY(const json::value posted, parse_json(answer.body));
  if (options.json) {
    print_json(posted);
    return {};
  }
  const auto endpoints = answer.headers.find("x-heliograph-endpoints");
  fmt::print("{}\n", readable(posted.at("id")));
  if (endpoints != answer.headers.end() && endpoints->second == "0")
    fmt::print(stderr, "heliograph: stored; the user has no active subscription there\n");
  return {};
}

std::string lacking(const Options& options) {
  if (options.unsid.empty() && options.user.empty()) return "--unsid or --user is required";
  return options.title.empty() && options.raw.empty() ? "--title or --raw is required" : "";
}

}  // namespace

void add_send(Command program) {
  auto options = std::make_shared<Options>();
  const Command command = program.command("send", "post a notification as an app server would, and print its id");
  add_common(command, *options);
  const Option unsid = command.option("--unsid", options->unsid, "the subscription that names the user");
  const Option user = command.option("--user", options->user, "user principal name, in place of a UNSID");
  unsid.excludes(user);
  command.option("--cross-device", options->cross_device,
                 "host name of the cross-device app; may be left out where there is one");
  command.option("--title", options->title, "title of the visual content");
  command.option("--body", options->body, "body of the visual content");
  command.option("--raw", options->raw, "raw content");
  command.option("--group", options->group, "group name");
  command.option("--id", options->id, "appNotificationId; the same again replaces");
  command.option("--priority", options->priority, "High, Low or None");
  command.option("--ttl", options->ttl, "displayTimeToLive in seconds").between(1, 2'592'000);
  command.option("--expires", options->expires, "ISO 8601; seven days on by default");
  command.check([options] { return lacking(*options); });
  command.runs([options] { return with_door(*options, [&](Door& door) { return send(*options, door); }); });
}

}  // namespace hg::cli
