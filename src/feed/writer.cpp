#include "feed/writer.h"

#include <algorithm>
#include <atomic>
#include <boost/asio/associated_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/prefer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <chrono>

#include "base/crash.h"
#include "base/gathering.h"
#include "base/log.h"
#include "feed/apply.h"
#include "store/again.h"
#include "store/many.h"

namespace hg::feed {
namespace {

// The one maker of every change of it, or none.
SubscriptionId only_maker(const Advance& advance) {
  const auto first = advance.changed.empty() ? SubscriptionId{} : advance.changed.front().maker;
  const bool alone = std::ranges::all_of(
      advance.changed, [&](const model::Notification& n) { return n.maker == first && n.made_after <= advance.from; });
  return alone ? first : SubscriptionId{};
}

bus::Moved moved(const Advance& advance, const HostName& host_name) {
  bus::Moved message{.feed = advance.feed, .from = advance.from, .to = advance.to, .maker = only_maker(advance)};
  const auto host = host_name(advance.feed.app);
  auto change = std::make_shared<bus::ChangeNote>();
  change->unread = advance.unread;
  std::size_t bytes = 0;
  for (const auto& notification : advance.changed) {
    change->notes.push_back(note_of(notification, host));
    bytes += change->notes.back().activity.size();
    if (bytes > bus::kMaxNoteBytes) return message;
  }
  message.change = std::move(change);
  return message;
}

}  // namespace

// One request until it is answered; it lives in the frame of its apply().
struct Writer::Waiting {
  model::ChangeRequest request;
  std::optional<Result<model::Changed>> answer = {};
  std::exception_ptr fault = {};
  boost::asio::any_io_executor executor = {};
  std::move_only_function<void()> resume = {};
};

// Shared with the jobs on the writing threads, which may outlive the last answer by a moment. Where there are several
// of those, several groups are under way at a time; what they do to a feed is put in order by its row's lock.
class Writer::Queue : public std::enable_shared_from_this<Queue> {
 public:
  Queue(store::Database& database, bus::Bus& bus, Hooks hooks, Limits limits)
      : database_(database), bus_(bus), hooks_(std::move(hooks)), limits_(limits), waiting_(limits.group) {}

  [[nodiscard]] bool accepting() const { return waiting_.size() < limits_.waiting && waiting_.age() <= limits_.age; }

  void measure(metrics::Page& page) const {
    page.counter("heliograph_notifications_accepted_total", "Posts that were stored.", accepted_.value());
    page.counter("heliograph_notifications_replayed_total", "Repeated posts that got the first one's answer.",
                 replayed_.value());
    page.counter("heliograph_changes_total", "Other changes of feeds that were stored.", changes_.value());
    page.histogram("heliograph_writer_group_size", "Changes in one commit.", groups_);
    page.gauge("heliograph_writer_queue_depth", "Changes that wait for their commit.",
               static_cast<double>(waiting_.size()));
    page.gauge("heliograph_writer_queue_age_seconds", "How long the oldest of them has waited.",
               std::chrono::duration<double>(waiting_.age()).count());
  }

  void push(Waiting* waiting) {
    if (waiting_.push(waiting)) schedule();
  }

 private:
  void schedule() {
    const auto taken = database_.on_writer([self = shared_from_this()](store::Connection& tx) { self->work_off(tx); });
    if (!taken) turn_away();
  }

  void work_off(store::Connection& tx) {
    const auto [group, more] = waiting_.take();
    // Other work of the writing threads comes between two groups.
    if (more) schedule();
    std::vector<model::ChangeRequest> requests;
    requests.reserve(group.size());
    for (auto* waiting : group) requests.push_back(std::move(waiting->request));
    auto applied = transact(tx, requests, group);
    waiting_.finish(group.size());
    answer(group);
    tell(applied);
  }

  // What was committed, with the answers in `group`.
  std::vector<Applied> transact(store::Connection& tx, std::span<const model::ChangeRequest> requests,
                                std::span<Waiting* const> group) {
    std::vector<Applied> applied;
    try {
      applied.push_back(commit(tx, requests, group));
      if (failing_.exchange(false)) log::warn("feed", "the store can write again");
    } catch (const store::Fault& fault) {
      tx.rollback();
      if (fault.everywhere()) {
        if (!failing_.exchange(true)) log::error("feed", "the store cannot write: {}", fault.what());
        for (auto* waiting : group) waiting->answer = std::unexpected(unavailable());
      } else {
        applied = one_by_one(tx, requests, group);
      }
    } catch (const std::exception&) {
      tx.rollback();
      applied = one_by_one(tx, requests, group);
    }
    return applied;
  }

  std::vector<Applied> one_by_one(store::Connection& tx, std::span<const model::ChangeRequest> requests,
                                  std::span<Waiting* const> group) {
    std::vector<Applied> applied;
    for (std::size_t i = 0; i < group.size(); ++i) {
      try {
        applied.push_back(commit(tx, requests.subspan(i, 1), group.subspan(i, 1)));
      } catch (const std::exception& fault) {
        tx.rollback();
        const auto* store_fault = dynamic_cast<const store::Fault*>(&fault);
        if (store_fault && store_fault->everywhere()) {
          group[i]->answer = std::unexpected(unavailable());
        } else {
          group[i]->fault = std::current_exception();
        }
      }
    }
    return applied;
  }

  void count(std::span<const model::ChangeRequest> requests, const Applied& applied) {
    groups_.observe(static_cast<double>(requests.size()));
    for (std::size_t i = 0; i < requests.size(); ++i) {
      const auto& answer = applied.answers[i];
      if (!answer) continue;
      if (answer->replayed) {
        replayed_.add();
      } else if (std::holds_alternative<model::PostRequest>(requests[i].what)) {
        accepted_.add();
      } else if (answer->new_version > answer->base_version) {
        changes_.add();
      }
    }
  }

  // Decided and stored; again where another transaction was in the way.
  Applied decide(store::Connection& tx, std::span<const model::ChangeRequest> requests) const {
    store::Again again(tx);
    while (true) {
      try {
        tx.begin();
        auto applied = feed::apply(tx, requests, orders_);
        tx.commit();
        return applied;
      } catch (const store::Fault& fault) {
        tx.rollback();
        if (!again(fault)) throw;
      }
    }
  }

  Applied commit(store::Connection& tx, std::span<const model::ChangeRequest> requests,
                 std::span<Waiting* const> group) {
    auto applied = decide(tx, requests);
    if (!applied.advances.empty()) crash_point("committed");
    count(requests, applied);
    for (auto& advance : applied.advances) {
      if (advance.order) orders_.keep(advance.feed, advance.to, *std::move(advance.order));
    }
    for (std::size_t i = 0; i < group.size(); ++i) group[i]->answer = std::move(applied.answers[i]);
    return applied;
  }

  static void answer(std::span<Waiting* const> group) {
    store::Wake wake;
    for (auto* waiting : group) wake.add(waiting->executor, std::move(waiting->resume));
  }

  void tell(const std::vector<Applied>& committed) noexcept try {
    std::vector<bus::Message> messages;
    for (const auto& applied : committed) {
      for (const auto& advance : applied.advances) {
        if (!hooks_.followed || hooks_.followed(advance.feed)) messages.emplace_back(moved(advance, hooks_.host_name));
      }
      if (applied.due && hooks_.due) hooks_.due(*applied.due);
    }
    if (!messages.empty()) bus_.publish(std::move(messages));
  } catch (const std::exception& fault) {
    // Readers find out by themselves within a minute.
    log::error("feed", "cannot tell what changed: {}", fault.what());
  }

  void turn_away() {
    const auto group = waiting_.clear();
    for (auto* waiting : group) waiting->answer = std::unexpected(unavailable());
    answer(group);
  }

  store::Database& database_;
  bus::Bus& bus_;
  const Hooks hooks_;
  const Limits limits_;
  Gathering<Waiting*> waiting_;
  CapOrders orders_;
  std::atomic<bool> failing_ = false;  // said once
  metrics::Counter accepted_, replayed_, changes_;
  metrics::Histogram groups_{metrics::kSizes};
};

Writer::Limits Writer::Limits::for_store(const store::Database& database) {
  Limits limits;
  if (!database.near()) limits.group = {.enough = store::Many::kMost, .patience = std::chrono::milliseconds(2)};
  return limits;
}

Writer::Writer(store::Database& database, bus::Bus& bus, Hooks hooks, Limits limits)
    : queue_(std::make_shared<Queue>(database, bus, std::move(hooks), limits)) {}

Writer::~Writer() = default;

bool Writer::accepting() const { return queue_->accepting(); }

void Writer::measure(metrics::Page& page) const { queue_->measure(page); }

Error Writer::unavailable() {
  return {.code = Code::unavailable,
          .message = "the store cannot take more changes at the moment; try again shortly",
          .retry_after = std::chrono::seconds(2)};
}

boost::asio::awaitable<Result<model::Changed>> Writer::apply(model::ChangeRequest request) {
  if (!accepting()) co_return std::unexpected(unavailable());
  Waiting waiting{.request = std::move(request)};
  co_await boost::asio::async_initiate<const boost::asio::use_awaitable_t<>&, void()>(
      [&](auto handler) {
        // The work guard keeps the loop running while this is the only thing it waits for.
        waiting.executor = boost::asio::prefer(boost::asio::get_associated_executor(handler),
                                               boost::asio::execution::outstanding_work.tracked);
        waiting.resume = std::move(handler);
        queue_->push(&waiting);
      },
      boost::asio::use_awaitable);
  if (waiting.fault) std::rethrow_exception(waiting.fault);
  co_return *std::move(waiting.answer);
}

}  // namespace hg::feed
