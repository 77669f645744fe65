// The scenarios of `heliograph bench`. Each makes what it needs through the server's own APIs, as its administrator,
// then loads it and answers the figures; what takes part are users that exist.
#pragma once

#include <string>
#include <vector>

#include "cli/command.h"
#include "load/calls.h"
#include "load/live.h"

namespace hg::cli::bench {

struct Options : Common {
  std::string connect, cross_device;
  std::size_t users = 0, connections = 0;  // as the command line has them, or the scenario's own
  double seconds = 0, warm_up = 0, rate = 0;
  std::uint64_t most = 0;
  bool events = false;
  std::vector<int> processes;
};

Result<load::Figures> post(const Options& options);
Result<load::Figures> live(const Options& options);  // and fanout, by other numbers
Result<load::Figures> idle(const Options& options);
Result<load::Figures> delta(const Options& options);

// A deployment under load, as its administrator knows it.
class Stage {
 public:
  static Result<std::unique_ptr<Stage>> set(const Options& options);

  struct Actor {
    std::string name = {};     // user principal name
    std::string unsid = {};    // of a live-only subscription
    std::string token = {};    // delegated, where it was asked for
    std::string subject = {};  // a notification in the feed, where it was asked for
    bool read = false;         // and its state
  };

  // The first users of the deployment, without administrators; Code::not_found where there are fewer.
  Result<void> find_users(std::size_t count);
  Result<void> give_unsids();
  Result<void> give_tokens();
  Result<void> give_notifications();

  // A post to the actor, with a new appNotificationId.
  [[nodiscard]] std::string post_to(std::size_t actor, std::uint64_t number) const;
  // The actor's notification becomes read, or unread again.
  [[nodiscard]] std::string toggle(std::size_t actor);
  [[nodiscard]] std::string subscribe(std::size_t actor, bool events) const;
  [[nodiscard]] std::string get(std::size_t actor, std::string_view path) const;

  load::Wire wire;
  load::Address address;
  load::Processes server;
  std::vector<Actor> actors;

 private:
  Stage() = default;
  // One call an actor; `status` is what each must answer.
  Result<void> each(int status, const std::function<std::string(std::size_t)>& request,
                    const std::function<void(std::size_t, std::string_view body)>& answered);
  Result<void> subscribe_rest();  // who has no subscription gets one
  [[nodiscard]] load::Fields administrator() const;
  [[nodiscard]] load::Fields json_of(const Actor& actor) const;

  std::string host_, admin_token_, app_token_;
  std::string run_;  // makes the ids of this run its own
};

}  // namespace hg::cli::bench
