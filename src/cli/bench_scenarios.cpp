#include <fmt/format.h>
#include <unistd.h>

#include "cli/bench.h"

namespace hg::cli::bench {

namespace {

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

load::Publishing toggling(Stage& stage, const Options& options) {
  load::Publishing publishing{.to = stage.address};
  publishing.per_second = options.rate;
  publishing.seconds = options.seconds;
  publishing.warm_up = options.warm_up;
  publishing.message = [&stage](std::size_t channel, std::uint64_t) { return stage.toggle(channel); };
  return publishing;
}

// With users who have a notification each to change, and tokens to follow it.
Result<std::unique_ptr<Stage>> with_notifications(const Options& options) {
  HG_TRY(auto stage, Stage::set(options));
  HG_CHECK(stage->find_users(options.users));
  HG_CHECK(stage->give_unsids());
  HG_CHECK(stage->give_tokens());
  HG_CHECK(stage->give_notifications());
  return stage;
}

}  // namespace

Result<load::Figures> post(const Options& options) {
  HG_TRY(const auto stage, Stage::set(options));
  HG_CHECK(stage->find_users(options.users));
  HG_CHECK(stage->give_unsids());
  load::Calls calls{.to = stage->address, .connections = options.connections, .seconds = options.seconds};
  calls.warm_up = options.warm_up;
  calls.status = 201;
  if (options.most > 0) calls.most = options.most;
  calls.request = [&](std::uint64_t n) { return stage->post_to(n % stage->actors.size(), n); };
  return load::run(stage->wire, calls, stage->server);
}

Result<load::Figures> live(const Options& options) {
  HG_TRY(const auto stage, with_notifications(options));
  load::Audience audience(stage->wire, texts(options.events));
  open(*stage, audience, options.connections, options.events);
  return load::publish(stage->wire, audience, toggling(*stage, options), stage->server);
}

Result<load::Figures> idle(const Options& options) {
  HG_TRY(const auto stage, with_notifications(options));
  load::Audience audience(stage->wire, texts(options.events));
  const auto pss = stage->server.pss();
  const auto rss = stage->server.rss();
  open(*stage, audience, options.connections, options.events);
  const auto count = static_cast<std::int64_t>(audience.size());
  // What was needed to open them has time to go.
  const auto pause = load::Steady::now() + std::chrono::seconds(1);
  while (load::Steady::now() < pause) stage->wire.work(pause);
  load::Figures figures{.operations = audience.size()};
  figures.pss = (stage->server.pss() - pss) / count;
  figures.rss = (stage->server.rss() - rss) / count;
  auto publishing = toggling(*stage, options);
  const auto traffic = load::publish(stage->wire, audience, publishing, stage->server);
  figures.failed = traffic.failed;
  figures.pss_after_traffic = (stage->server.pss() - pss) / count;
  return figures;
}

Result<load::Figures> delta(const Options& options) {
  HG_TRY(const auto stage, Stage::set(options));
  HG_CHECK(stage->find_users(options.users));
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

  load::Calls calls{.to = stage->address, .connections = options.connections, .seconds = options.seconds};
  calls.warm_up = options.warm_up;
  if (options.most > 0) calls.most = options.most;
  calls.request = [&](std::uint64_t n) { return stage->get(n % users, links[n % users]); };
  return load::run(stage->wire, calls, stage->server);
}

}  // namespace hg::cli::bench
