// Whether a transaction that came to nothing is run again: another one was in its way. On PostgreSQL a broken
// constraint may be that too, the row of one that committed meanwhile, which the next run sees.
#pragma once

#include <chrono>
#include <random>
#include <thread>

#include "store/sql.h"

namespace hg::store {

class Again {
 public:
  explicit Again(const Connection& connection) : dialect_(connection.dialect()) {}

  // Waits a moment before it answers yes. After rollback().
  bool operator()(const Fault& fault) {
    const bool passing = fault.kind() == Fault::Kind::conflict ||
                         (fault.kind() == Fault::Kind::constraint && dialect_ == Dialect::postgresql && tries_ == 0);
    if (!passing || ++tries_ > kMost) return false;
    static thread_local std::minstd_rand random(std::random_device{}());
    std::this_thread::sleep_for(std::chrono::milliseconds(std::uniform_int_distribution<>(0, 5 * tries_)(random)));
    return true;
  }

 private:
  static constexpr int kMost = 5;
  const Dialect dialect_;
  int tries_ = 0;
};

}  // namespace hg::store
