#include "feed/apply.h"

#include <algorithm>
#include <list>
#include <map>

#include "feed/feed_change.h"
#include "store/groups.h"

namespace hg::feed {
namespace {

using model::Changed;
using model::ChangeRequest;

// All requests of a group: what most of them need is read at once, and what all of them write is written at once.
class Group {
 public:
  Group(store::Connection& tx, std::span<const ChangeRequest> requests, const CapOrders& orders)
      : tx_(tx), requests_(requests), orders_(orders) {
    for (std::size_t i = 0; i < requests.size(); ++i) members_[requests[i].feed].push_back(i);
  }

  Applied apply();

 private:
  struct Share {
    FeedChange change;
    const std::vector<std::size_t>& members;
  };

  [[nodiscard]] Time latest(const std::vector<std::size_t>& members) const;
  [[nodiscard]] store::groups::Wanted wanted(const std::vector<std::size_t>& members) const;
  void lock();

  store::Connection& tx_;
  const std::span<const ChangeRequest> requests_;
  const CapOrders& orders_;
  std::map<FeedKey, std::vector<std::size_t>> members_;  // of each feed, in key order
  std::list<Share> shares_;                              // in the same
};

Time Group::latest(const std::vector<std::size_t>& members) const {
  return requests_[std::ranges::max(members, {}, [&](std::size_t m) { return requests_[m].now; })].now;
}

// Endpoints too where there is a post: each says how many there are.
store::groups::Wanted Group::wanted(const std::vector<std::size_t>& members) const {
  store::groups::Wanted wanted;
  for (const auto member : members) {
    const auto& request = requests_[member];
    if (const auto id = concerned(request)) wanted.notifications.insert(*id);
    if (std::holds_alternative<model::PostRequest>(request.what)) wanted.endpoints_at = latest(members);
  }
  return wanted;
}

void Group::lock() {
  std::map<FeedKey, store::groups::Wanted> all;
  for (const auto& [feed, members] : members_) all.emplace_hint(all.end(), feed, wanted(members));
  auto known = store::groups::lock(tx_, all);
  for (const auto& [feed, members] : members_) {
    const auto& want = all.at(feed);
    auto& found = known.at(feed);
    auto order = orders_.find(feed, found.row.version);
    auto& change =
        shares_.emplace_back(FeedChange(tx_, feed, latest(members), found.row, std::move(order)), members).change;
    for (const auto& id : want.notifications) change.know(id, std::nullopt);
    for (auto& stored : found.notifications) {
      const auto id = stored.id;
      change.know(id, std::move(stored));
    }
    if (want.endpoints_at) change.know(std::move(found.endpoints));
  }
}

Applied Group::apply() {
  lock();
  std::vector<std::optional<Result<Changed>>> answers(requests_.size());
  Applied applied;
  store::groups::Writes writes;
  for (auto& share : shares_) {
    for (const auto member : share.members) answers[member] = share.change.decide(requests_[member]);
    share.change.collect(applied, writes);
  }
  store::groups::write(tx_, writes);
  for (auto& share : shares_) share.change.finish(writes);
  store::groups::save_feeds(tx_, writes);
  applied.answers.reserve(requests_.size());
  for (auto& answer : answers) applied.answers.push_back(*std::move(answer));
  return applied;
}

}  // namespace

Applied apply(store::Connection& tx, std::span<const model::ChangeRequest> requests, const CapOrders& orders) {
  Group group(tx, requests, orders);
  return group.apply();
}

}  // namespace hg::feed
