// heliograph tail: a user's feed, live in the terminal.
#include <fmt/chrono.h>
#include <fmt/format.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <memory>
#include <system_error>
#include <thread>

#include "base/encoding.h"
#include "cli/command.h"
#include "crypto/hash.h"

namespace hg::cli {

namespace {

struct Options : Common {
  std::string user, cross_device;
};

// Set by SIGINT and SIGTERM, and when nobody reads any more: the subscription is ended before the program does.
std::atomic<bool> interrupted{false};
int not_handed_on = 0;  // why what was printed went nowhere

struct Following {
  std::string host, token, subscription, unsid, last_event;
};

// To who reads it.
void hand_on() {
  if (std::fflush(stdout) == 0) return;
  not_handed_on = errno;
  interrupted = true;
}

std::string clock_text() {
  const auto now = std::chrono::system_clock::now();
  const auto ms = std::chrono::duration_cast<std::chrono::milliseconds>(now.time_since_epoch()).count() % 1000;
  return fmt::format("{:%H:%M:%S}.{:03}", fmt::localtime(std::chrono::system_clock::to_time_t(now)), ms);
}

std::string what_happened(const json::object& activity) {
  static constexpr std::string_view kActions[] = {"", "activated", "dismissed", "snoozed"};
  if (activity.at("status").as_int64() == 2) return "deleted";
  const auto* action = activity.if_contains("userActionState");
  const std::int64_t state = action == nullptr ? 0 : action->as_int64();
  if (state >= 1 && state <= 3) return std::string(kActions[state]);
  const auto* read = activity.if_contains("read");
  return read != nullptr && read->as_bool() ? "read" : "unread";
}

std::string content_of(const json::object& activity) {
  const auto* payload = activity.if_contains("payload");
  if (payload == nullptr || !payload->is_string()) return "";
  const auto bytes = from_base64(std::string_view(payload->as_string()));
  const auto content = bytes ? parse_json(as_text(*bytes)) : fail(Code::invalid_json, "");
  if (!content || !content->is_object()) return "";
  std::string out;
  for (const std::string_view name : {"title", "body", "content"})
    if (const auto* text = content->as_object().if_contains(name);
        text != nullptr && text->is_string() && !text->as_string().empty())
      out += (out.empty() ? "" : " - ") + std::string(text->as_string());
  for (char& c : out)
    if (static_cast<unsigned char>(c) < 0x20) c = ' ';
  return out;
}

void print_signal(const json::object& signal) {
  const auto* unread = signal.if_contains("unread");
  for (const auto& item : signal.at("activities").as_array()) {
    const auto& activity = item.as_object();
    fmt::print("{}  {:9}  {}  {}  (unread {})\n", clock_text(), what_happened(activity), readable(activity.at("id")),
               content_of(activity), unread == nullptr ? "?" : json::serialize(*unread));
  }
  if (signal.at("activities").as_array().empty()) fmt::print("{}  changed\n", clock_text());
}

Result<void> get_token(const Options& options, Door& door, Following& following) {
  HG_TRY(const json::value token,
         door.admin("POST", "/tokens", json::value{{"user", options.user}, {"crossDevice", following.host}}));
  following.token = readable(token.at("access_token"));
  return {};
}

Result<void> subscribe(const Options& options, Door& door, Following& following) {
  HG_TRY(following.host, cross_device_host(door, options.cross_device));
  const json::value body{{"user", options.user},
                         {"crossDevice", following.host},
                         {"deviceId", "heliograph-tail-" + crypto::random_token(6)}};
  HG_TRY(const json::value made, door.admin("POST", "/subscriptions", body));
  following.subscription = readable(made.at("id"));
  following.unsid = readable(made.at("userNotificationSubscriptionId"));
  following.last_event = readable(made.at("partialSyncToken"));
  if (options.json) {
    print_json(json::value{{"user", options.user},
                           {"crossDevice", following.host},
                           {"subscriptionId", following.subscription},
                           {"unsid", following.unsid}});
  } else {
    fmt::print("{}  following {} in {}; UNSID {}\n", clock_text(), options.user, following.host, following.unsid);
  }
  hand_on();
  return {};
}

// One connection until it ends. True: try again.
Result<bool> follow(const Options& options, Door& door, Following& following) {
  std::string data;
  const auto line = [&](std::string_view text) {
    if (text.starts_with("data:")) data += trim(text.substr(5));
    if (text.starts_with("id:")) following.last_event = trim(text.substr(3));
    if (!text.empty() || data.empty()) return true;
    const auto message = parse_json(data);
    if (message && message->is_object() && message->as_object().contains("changeType")) {
      if (options.json) {
        fmt::print("{}\n", data);
      } else {
        print_signal(message->as_object());
      }
      hand_on();
    }
    data.clear();
    return !interrupted.load();
  };
  const Ask ask{"GET",
                "/beta/me/notifications/stream?subscription=" + percent_encode(following.subscription),
                {{"Authorization", "Bearer " + following.token},
                 {"Accept", "text/event-stream"},
                 {"Last-Event-ID", following.last_event}},
                ""};
  const auto answer = door.stream(ask, line, [] { return !interrupted.load(); });
  if (interrupted) return false;
  if (answer && answer->status == 401) HG_CHECK(get_token(options, door, following));
  if (answer && answer->status != 200 && answer->status != 401 && answer->status != 503)
    return fail(Code::internal, message_of(*answer));
  return true;
}

Result<void> tail(const Options& options, Door& door) {
  Following following;
  HG_CHECK(subscribe(options, door, following));
  HG_CHECK(get_token(options, door, following));
  while (!interrupted) {
    HG_TRY(const bool again, follow(options, door, following));
    if (!again || interrupted) break;
    fmt::print(stderr, "heliograph: the connection ended; connecting again\n");
    std::this_thread::sleep_for(std::chrono::seconds(1));
    // A server that is back has other cares than a token of an hour ago.
    if (!interrupted) (void)get_token(options, door, following);
  }
  HG_TRY([[maybe_unused]] const json::value ended,
         door.admin("DELETE", "/subscriptions/" + percent_encode(following.unsid)));
  if (not_handed_on != 0)
    throw std::system_error(not_handed_on, std::generic_category(), "cannot write to standard output");
  return {};
}

}  // namespace

void add_tail(Command program) {
  auto options = std::make_shared<Options>();
  const Command command = program.command("tail", "follow a user's feed live; ends with Ctrl-C");
  add_common(command, *options);
  command.option("--user", options->user, "user principal name").required();
  command.option("--cross-device", options->cross_device,
                 "host name of the cross-device app; may be left out where there is one");
  command.runs([options] {
    for (const int signal : {SIGINT, SIGTERM}) std::signal(signal, [](int) { interrupted = true; });
    return with_door(*options, [&](Door& door) { return tail(*options, door); });
  });
}

}  // namespace hg::cli
