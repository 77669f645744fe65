#include <fmt/format.h>
#include <unistd.h>

#include "cli/bench.h"

namespace hg::cli::bench {

namespace {

std::size_t or_usual(std::size_t chosen, std::size_t usual) { return chosen > 0 ? chosen : usual; }

load::Audience::Texts texts(bool events) {
  return {.starts = events ? "HTTP/1.1 200" : "HTTP/1.1 101", .ready = "\r\n\r\n", .marker = R"("changeType":)"};
}

// So many live connections of each actor; an actor's are a channel.
void open(Stage& stage, load::Audience& audience, std::size_t each, bool events) {
  std::vector<load::Subscriber> subscribers;
  for (std::size_t round = 0; round < each; ++round)
    for (std::size_t n = 0; n < stage.actors.size(); ++n)
      subscribers.push_back({.channel = n, .hello = stage.subscribe(n, events)});
  audience.open(stage.address, subscribers);
}

load::Publishing toggling(Stage& stage, const Options& options, double rate) {
  load::Publishing publishing{.to = stage.address};
  publishing.per_second = options.rate > 0 ? options.rate : rate;
  publishing.seconds = options.seconds;
  publishing.warm_up = options.warm_up;
  publishing.message = [&stage](std::size_t channel, std::uint64_t) { return stage.toggle(channel); };
  return publishing;
}

Result<load::Figures> follow(const Options& options, std::size_t users, std::size_t connections, double rate) {
  HG_TRY(const auto stage, Stage::set(options));
  HG_CHECK(stage->find_users(users));
  HG_CHECK(stage->give_unsids());
  HG_CHECK(stage->give_tokens());
  HG_CHECK(stage->give_notifications());
  load::Audience audience(stage->wire, texts(options.events));
  open(*stage, audience, connections, options.events);
  return load::publish(stage->wire, audience, toggling(*stage, options, rate), stage->server);
}

}  // namespace

Result<load::Figures> post(const Options& options) {
  HG_TRY(const auto stage, Stage::set(options));
  HG_CHECK(stage->find_users(or_usual(options.users, 10'000)));
  HG_CHECK(stage->give_unsids());
  load::Calls calls{.to = stage->address, .connections = or_usual(options.connections, 64), .seconds = options.seconds};
  calls.warm_up = options.warm_up;
  calls.status = 201;
  if (options.most > 0) calls.most = options.most;
  calls.request = [&](std::uint64_t n) { return stage->post_to(n % stage->actors.size(), n); };
  return load::run(stage->wire, calls, stage->server);
}

Result<load::Figures> live(const Options& options) {
  return follow(options, or_usual(options.users, 1'000), or_usual(options.connections, 3), 500);
}

Result<load::Figures> fanout(const Options& options) {
  return follow(options, or_usual(options.users, 1), or_usual(options.connections, 1'000), 20);
}

Result<load::Figures> idle(const Options& options) {
  HG_TRY(const auto stage, Stage::set(options));
  const auto each = or_usual(options.connections, 10);
  HG_CHECK(stage->find_users(or_usual(options.users, 1'000)));
  HG_CHECK(stage->give_unsids());
  HG_CHECK(stage->give_tokens());
  HG_CHECK(stage->give_notifications());
  load::Audience audience(stage->wire, texts(options.events));
  const auto pss = stage->server.pss();
  const auto rss = stage->server.rss();
  open(*stage, audience, each, options.events);
  const auto count = static_cast<std::int64_t>(audience.size());
  // What was needed to open them has time to go.
  const auto pause = load::Steady::now() + std::chrono::seconds(1);
  while (load::Steady::now() < pause) stage->wire.work(pause);
  load::Figures figures{.operations = audience.size()};
  figures.pss = (stage->server.pss() - pss) / count;
  figures.rss = (stage->server.rss() - rss) / count;
  auto publishing = toggling(*stage, options, 500);
  const auto traffic = load::publish(stage->wire, audience, publishing, stage->server);
  figures.failed = traffic.failed;
  figures.pss_after_traffic = (stage->server.pss() - pss) / count;
  return figures;
}

Result<load::Figures> delta(const Options& options) {
  HG_TRY(const auto stage, Stage::set(options));
  HG_CHECK(stage->find_users(or_usual(options.users, 100)));
  HG_CHECK(stage->give_unsids());
  HG_CHECK(stage->give_tokens());
  const auto users = stage->actors.size();
  // Where each is now; then five changes.
  std::vector<std::string> links(users);
  load::Calls now{.to = stage->address, .connections = 4, .most = users};
  now.request = [&](std::uint64_t n) { return stage->get(n, "/beta/me/notifications/delta?$deltatoken=latest"); };
  now.answered = [&](std::uint64_t n, const load::Answer& answer) {
    const std::string link = json::value_to<std::string>(json::parse(answer.body).at("@odata.deltaLink"));
    links[n] = link.substr(link.find("/beta/"));
  };
  load::Calls change{.to = stage->address, .connections = 1, .most = 5 * users, .status = 201};
  change.request = [&](std::uint64_t n) { return stage->post_to(n % users, n); };
  if (load::run(stage->wire, now, load::Processes()).failed + load::run(stage->wire, change, load::Processes()).failed >
      0)
    return fail(Code::internal, "the feeds could not be made ready; see the refusal above");

  load::Calls calls{.to = stage->address, .connections = or_usual(options.connections, 4), .seconds = options.seconds};
  calls.warm_up = options.warm_up;
  if (options.most > 0) calls.most = options.most;
  calls.request = [&](std::uint64_t n) { return stage->get(n % users, links[n % users]); };
  return load::run(stage->wire, calls, stage->server);
}

}  // namespace hg::cli::bench
