#include "feed/apply.h"

#include <algorithm>
#include <list>
#include <map>
#include <set>

#include "feed/feed_change.h"
#include "store/groups.h"

namespace hg::feed {
namespace {

using model::Changed;
using model::ChangeRequest;

// All requests of a group: what most of them need is read at once, and what all of them write is written at once.
class Group {
 public:
  Group(store::Connection& tx, std::span<const ChangeRequest> requests) : tx_(tx), requests_(requests) {
    for (std::size_t i = 0; i < requests.size(); ++i) members_[requests[i].feed].push_back(i);
  }

  Applied apply();

 private:
  struct Share {
    FeedChange change;
    const std::vector<std::size_t>& members;
  };

  void lock();
  void read_notifications();
  void read_endpoints();
  Share& share(const FeedKey& feed) { return *by_feed_.at(feed); }

  store::Connection& tx_;
  const std::span<const ChangeRequest> requests_;
  std::map<FeedKey, std::vector<std::size_t>> members_;  // of each feed, in key order
  std::list<Share> shares_;                              // in the same
  std::map<FeedKey, Share*> by_feed_;
};

void Group::lock() {
  std::vector<FeedKey> feeds;
  for (const auto& [feed, members] : members_) feeds.push_back(feed);
  const auto rows = store::groups::lock(tx_, feeds);
  for (std::size_t i = 0; i < feeds.size(); ++i) {
    const auto& members = members_.at(feeds[i]);
    const auto latest = std::ranges::max(members, {}, [&](std::size_t m) { return requests_[m].now; });
    shares_.push_back({FeedChange(tx_, feeds[i], requests_[latest].now, rows[i]), members});
    by_feed_[feeds[i]] = &shares_.back();
  }
}

void Group::read_notifications() {
  std::set<std::pair<FeedKey, NotificationId>> named;
  for (const auto& request : requests_)
    if (const auto id = concerned(request)) named.emplace(request.feed, *id);
  std::vector<store::groups::NotificationKey> keys;
  for (const auto& [feed, id] : named) keys.push_back({feed, id});
  auto found = store::groups::notifications(tx_, keys);
  for (std::size_t i = 0; i < keys.size(); ++i) share(keys[i].feed).change.know(keys[i].id, std::move(found[i]));
}

// Each post says how many there are.
void Group::read_endpoints() {
  std::map<FeedKey, Time> posted;
  for (const auto& request : requests_)
    if (std::holds_alternative<model::PostRequest>(request.what))
      posted.emplace(request.feed, share(request.feed).change.now());
  for (auto& [feed, endpoints] : store::groups::endpoints(tx_, posted)) share(feed).change.know(std::move(endpoints));
}

Applied Group::apply() {
  lock();
  read_notifications();
  read_endpoints();
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

Applied apply(store::Connection& tx, std::span<const model::ChangeRequest> requests) {
  Group group(tx, requests);
  return group.apply();
}

}  // namespace hg::feed
