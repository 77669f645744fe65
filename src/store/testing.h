// For tests: a store in a place of its own that goes with it.
#pragma once

#include <memory>
#include <stdexcept>
#include <string>

#include "store/engines_for_tests.h"

namespace hg::store {

// On PostgreSQL with one writer, so that its jobs come one after the other as on SQLite, unless several are wanted.
class TemporaryStore {
 public:
  explicit TemporaryStore(const Engine& engine = chosen_engine(), int writers = 1)
      : engine_(engine), writers_(writers), place_(engine.place(folder_)), database_(open()) {}

  Database& operator*() { return *database_; }
  Database* operator->() { return database_.get(); }
  // The file; on PostgreSQL the URL.
  [[nodiscard]] const std::string& path() const { return place_; }
  // Closes it and opens it again, as a restart does.
  void reopen() {
    database_.reset();
    database_ = open();
  }

 private:
  std::unique_ptr<Database> open() {
    auto options = engine_.options(place_);
    options.writers = writers_;
    auto opened = Database::open(std::move(options), Time{});
    if (!opened) throw std::runtime_error(opened.error().message);
    return std::move(*opened);
  }
  const Engine& engine_;
  const int writers_;
  TemporaryFolder folder_;
  const std::string place_;
  std::unique_ptr<Database> database_;
};

}  // namespace hg::store
