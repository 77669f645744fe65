// Moves SQLite's log into the file beside the writer, and lets the writer move the last few pages between two of its
// transactions: while it is writing the log would never be empty, and so never begun anew. For Database.
#pragma once

#include <atomic>
#include <condition_variable>
#include <mutex>
#include <thread>

#include "store/sqlite.h"
#include "store/threads.h"

namespace hg::store {

class Checkpoints {
 public:
  explicit Checkpoints(const SqliteOptions& options) : connection_(options, SqliteConnection::Access::write) {}
  ~Checkpoints() { stop(); }
  Checkpoints(const Checkpoints&) = delete;
  Checkpoints& operator=(const Checkpoints&) = delete;

  void start(Threads& writing, SqliteConnection& writer);
  // On the writing thread alone. While a reader holds the log it cannot be emptied: then each thousand pages ask again,
  // not each commit.
  void log_grew(int pages);
  void stop();

 private:
  // Near SQLite's own default: the log stays small and is written again in place.
  static constexpr int kLogPages = 1'000;

  void work_off(Threads& writing, SqliteConnection& writer) noexcept;
  bool wait();
  void move(SqliteConnection& connection);

  SqliteConnection connection_;
  std::mutex mutex_;
  std::condition_variable some_;
  bool due_ = false;
  bool stopping_ = false;
  std::atomic<bool> failing_ = false;
  int pages_ = 0;         // of the log, at the last commit
  int next_ = kLogPages;  // at which it is to be moved
  std::thread thread_;
};

}  // namespace hg::store
