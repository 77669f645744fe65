#include "store/checkpoints.h"

#include "base/log.h"

namespace hg::store {

void Checkpoints::start(Threads& writing, SqliteConnection& writer) {
  thread_ = std::thread([this, &writing, &writer] { work_off(writing, writer); });
}

void Checkpoints::log_grew(int pages) {
  if (pages < pages_) next_ = kLogPages;
  if (pages != SqliteConnection::kDiskFull) pages_ = pages;
  if (pages < next_) return;
  if (pages != SqliteConnection::kDiskFull) next_ = pages + kLogPages;
  {
    const std::scoped_lock lock(mutex_);
    due_ = true;
  }
  some_.notify_one();
}

void Checkpoints::stop() {
  {
    const std::scoped_lock lock(mutex_);
    stopping_ = true;
  }
  some_.notify_one();
  if (thread_.joinable()) thread_.join();
}

void Checkpoints::work_off(Threads& writing, SqliteConnection& writer) noexcept {
  while (wait()) {
    move(connection_);
    writing.run_now([&](Connection*) { move(writer); }, true);
  }
}

bool Checkpoints::wait() {
  std::unique_lock lock(mutex_);
  some_.wait(lock, [&] { return stopping_ || due_; });
  due_ = false;
  return !stopping_;
}

// A full disk is seen here too; it is no one's answer, and the next commit tries again.
void Checkpoints::move(SqliteConnection& connection) {
  try {
    connection.checkpoint();
    failing_ = false;
  } catch (const Fault& fault) {
    if (!failing_.exchange(true))
      log::warn("store", "the write-ahead log cannot be moved into the file: {}", fault.what());
  }
}

}  // namespace hg::store
