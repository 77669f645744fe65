// The same load as `heliograph bench`, for the peers it is compared with: Nchan, Mosquitto, the bare broadcaster, and
// nginx as an HTTP server alone. Prints the figures as JSON.
//   peer http URL SECONDS CONNECTIONS PID...
//   peer live|fanout|idle KIND URL SECONDS CHANNELS CONNECTIONS-A-CHANNEL RATE PID...      KIND: nchan-ws, nchan-sse,
//   bare, mqtt
#include <fmt/format.h>

#include <cstdlib>
#include <exception>
#include <span>

#include "load/calls.h"
#include "load/live.h"

namespace {

using namespace hg;

// What Heliograph tells a live connection about one changed notification, so that all carry the same.
const std::string kMessage =
    R"({"changeType":"afsChange","baseETag":"AQAAAAEAAAAAAAAAIHfU0FC4c2Za","newETag":"AQAAAAEAAAAAAAAAIXRk1vRS0cqN","activities":[{)"
    R"("id":"119081f2-3f0f-8a3b-9a1f-5a2b7b0c8d4e","activityId":"119081f2-3f0f-8a3b-9a1f-5a2b7b0c8d4e","appActivityId":"bench-4711",)"
    R"("applicationId":[{"platform":"app.example","application":"app.example"}],"type":13,"status":0,"priority":1,"read":true,)"
    R"("userActionState":0,"tags":"builds","notificationGroupId":"builds","displayTtl":600,"payload":"eyJjb250ZW50IjoiZXlKaWRXbHNa)"
    R"(Q0k2TkRjeE1Td2lZbkpoYm1Ob0lqb2liV0ZwYmlJc0ltWmhhV3hsWkNJNk0zMCIsInRpdGxlIjoiQnVpbGQgNDcxMSBoYXMgZmFpbGVkIiwiYm9keSI6IlRo)"
    R"(cmVlIHRlc3RzIG9mIHRoZSBuaWdodGx5IGJ1aWxkIGRpZCBub3QgcGFzcyBvbiB0aGUgYnJhbmNoIG1haW4ifQ==","expiration":"2026-11-30T22:05:36.250Z",)"
    R"("createdInCloud":"2026-11-23T22:05:36.250Z","lastModified":"2026-11-23T22:05:36.250Z","contentVersion":1}]})";

std::string length16(std::string_view text) {
  return {static_cast<char>(text.size() >> 8), static_cast<char>(text.size() & 0xff)};
}

// MQTT 3.1.1 §2: a packet with its remaining length.
std::string packet(char type, const std::string& rest) {
  std::string out(1, type);
  for (std::size_t left = rest.size();;) {
    const auto digit = left % 128;
    left /= 128;
    out.push_back(static_cast<char>(left > 0 ? digit | 0x80 : digit));
    if (left == 0) return out + rest;
  }
}

std::string mqtt_connect() {
  using namespace std::string_literals;
  return packet(0x10, length16("MQTT") + "MQTT\x04\x02"s + length16("") + length16(""));
}

struct Kind {
  load::Audience::Texts texts;
  std::function<std::string(std::size_t)> hello;
  load::Publishing publishing;
};

Kind kind_of(std::string_view name, const load::Address& to) {
  using namespace std::string_literals;
  Kind kind{.texts = {.starts = "HTTP/1.1 200", .ready = "\r\n\r\n", .marker = R"("changeType":)"},
            .hello = {},
            .publishing = {.to = to}};
  if (name == "mqtt") {
    kind.texts.starts = "\x20\x02"s;
    kind.texts.ready = "\x90\x03"s;
    kind.hello = [](std::size_t channel) {
      const auto topic = fmt::format("c{}", channel);
      return mqtt_connect() + packet('\x82', "\0\1"s + length16(topic) + topic + "\0"s);
    };
    kind.publishing.hello = mqtt_connect();
    kind.publishing.answered = false;
    kind.publishing.message = [](std::size_t channel, std::uint64_t) {
      const auto topic = fmt::format("c{}", channel);
      return packet(0x30, length16(topic) + topic + kMessage);
    };
    return kind;
  }
  kind.hello = [to](std::size_t channel) {
    return load::request("GET", fmt::format("/sub/{}", channel), to, {{"Accept", "text/event-stream"}});
  };
  if (name == "nchan-ws") {
    kind.texts.starts = "HTTP/1.1 101";
    kind.hello = [to](std::size_t channel) {
      return load::request("GET", fmt::format("/sub/{}", channel), to,
                           {{"Connection", "Upgrade"},
                            {"Upgrade", "websocket"},
                            {"Sec-WebSocket-Version", "13"},
                            {"Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="}});
    };
  }
  kind.publishing.message = [to](std::size_t channel, std::uint64_t) {
    return load::request("POST", fmt::format("/pub/{}", channel), to, {{"Content-Type", "application/json"}}, kMessage);
  };
  return kind;
}

load::Address address_of(const char* url) {
  const auto address = load::Address::parse(url);
  if (!address) throw std::runtime_error(address.error().message);
  return *address;
}

load::Processes processes(std::span<char*> arguments) {
  std::vector<int> all;
  for (const char* one : arguments) all.push_back(std::atoi(one));
  return load::Processes(all);
}

load::Figures http(std::span<char*> arguments) {
  const auto to = address_of(arguments[0]);
  load::Wire wire;
  load::Calls calls{
      .to = to, .connections = std::strtoul(arguments[2], nullptr, 10), .seconds = std::atof(arguments[1])};
  calls.warm_up = 0.5;
  const auto text = load::request("POST", "/", to, {{"Content-Type", "application/json"}}, kMessage.substr(0, 450));
  calls.request = [&](std::uint64_t) { return text; };
  return load::run(wire, calls, processes(arguments.subspan(3)));
}

load::Figures live(std::string_view scenario, std::span<char*> arguments) {
  const auto to = address_of(arguments[1]);
  auto kind = kind_of(arguments[0], to);
  kind.publishing.seconds = std::atof(arguments[2]);
  kind.publishing.per_second = std::atof(arguments[5]);
  const auto channels = std::strtoul(arguments[3], nullptr, 10);
  const auto each = std::strtoul(arguments[4], nullptr, 10);
  const auto server = processes(arguments.subspan(6));
  load::Wire wire;
  load::Audience audience(wire, kind.texts);
  std::vector<load::Subscriber> subscribers;
  for (std::size_t round = 0; round < each; ++round)
    for (std::size_t n = 0; n < channels; ++n) subscribers.push_back({.channel = n, .hello = kind.hello(n)});
  const auto pss = server.pss();
  const auto rss = server.rss();
  audience.open(to, subscribers);
  if (scenario != "idle") return load::publish(wire, audience, kind.publishing, server);
  const auto pause = load::Steady::now() + std::chrono::seconds(1);
  while (load::Steady::now() < pause) wire.work(pause);
  const auto count = static_cast<std::int64_t>(subscribers.size());
  load::Figures figures{.operations = subscribers.size()};
  figures.pss = (server.pss() - pss) / count;
  figures.rss = (server.rss() - rss) / count;
  figures.failed = load::publish(wire, audience, kind.publishing, server).failed;
  figures.pss_after_traffic = (server.pss() - pss) / count;
  return figures;
}

}  // namespace

int main(int argc, char** argv) try {
  const std::span<char*> arguments(argv, static_cast<std::size_t>(argc));
  const std::string_view scenario(argc > 1 ? argv[1] : "");
  if (argc < (scenario == "http" ? 6 : 9)) {
    fmt::print(stderr, "peer: see the first lines of bench/peer.cpp for what it takes\n");
    return 2;
  }
  const auto figures = scenario == "http" ? http(arguments.subspan(2)) : live(scenario, arguments.subspan(2));
  fmt::print("{}\n", json::serialize(figures.json()));
  return figures.failed == 0 ? 0 : 1;
} catch (const std::exception& error) {
  fmt::print(stderr, "peer: {}\n", error.what());
  return 1;
}
