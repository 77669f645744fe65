#include "store/threads.h"

#include <future>

namespace hg::store {

Threads::Threads(std::vector<std::unique_ptr<Connection>> connections, std::size_t most)
    : connections_(std::move(connections)), most_(most) {
  for (auto& connection : connections_) threads_.emplace_back([this, &connection] { work_off(*connection); });
}

std::optional<Task> Threads::push(Task job, bool first) {
  {
    const std::scoped_lock lock(mutex_);
    if (stopping_) return job;
    if (first)
      jobs_.push_front({std::move(job), Steady::now()});
    else
      jobs_.push_back({std::move(job), Steady::now()});
  }
  some_.notify_one();
  return std::nullopt;
}

bool Threads::run_now(FunctionRef<void(Connection*)> work, bool first) {
  std::promise<void> done;
  const auto finished = done.get_future();
  const bool taken = !push(
      [work, done = std::move(done)](Connection* connection) mutable {
        work(connection);
        done.set_value();
      },
      first);
  if (taken) finished.wait();
  return taken;
}

void Threads::refuse_when_full() const {
  const std::scoped_lock lock(mutex_);
  if (jobs_.size() >= most_) throw Fault(Fault::Kind::busy, "too much waits for the store");
}

Threads::Load Threads::load() const {
  const std::scoped_lock lock(mutex_);
  if (jobs_.empty()) return {};
  return {jobs_.size(), std::chrono::duration_cast<Duration>(Steady::now() - jobs_.front().since)};
}

std::uint64_t Threads::taken() const {
  const std::scoped_lock lock(mutex_);
  return taken_;
}

void Threads::stop() {
  {
    const std::scoped_lock lock(mutex_);
    stopping_ = true;
  }
  some_.notify_all();
  for (auto& thread : threads_)
    if (thread.joinable()) thread.join();
}

// noexcept: a job that throws is a bug of the job, and the thread has nowhere to throw to.
void Threads::work_off(Connection& connection) noexcept {
  while (auto job = next()) (*job)(&connection);
}

std::optional<Task> Threads::next() {
  std::unique_lock lock(mutex_);
  some_.wait(lock, [&] { return stopping_ || !jobs_.empty(); });
  if (jobs_.empty()) return std::nullopt;
  auto job = std::move(jobs_.front().job);
  jobs_.pop_front();
  ++taken_;
  return job;
}

}  // namespace hg::store
