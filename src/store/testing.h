// For tests: a store in a temporary folder that goes with it.
#pragma once

#include <cstdlib>
#include <filesystem>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>

#include "store/database.h"

namespace hg::store {

class TemporaryFolder {
 public:
  TemporaryFolder() {
    std::string name = (std::filesystem::temp_directory_path() / "heliograph-XXXXXX").string();
    if (mkdtemp(name.data()) == nullptr) throw std::runtime_error("no temporary folder can be made");
    path_ = name;
  }
  ~TemporaryFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  [[nodiscard]] std::string file(std::string_view name) const { return (path_ / name).string(); }

 private:
  std::filesystem::path path_;
};

class TemporaryStore {
 public:
  TemporaryStore() : database_(open()) {}

  Database& operator*() { return *database_; }
  Database* operator->() { return database_.get(); }
  [[nodiscard]] std::string path() const { return folder_.file("heliograph.db"); }
  // Closes it and opens it again, as a restart does.
  void reopen() {
    database_.reset();
    database_ = open();
  }

 private:
  std::unique_ptr<Database> open() {
    auto opened = Database::open({.path = path()}, Time{});
    if (!opened) throw std::runtime_error(opened.error().message);
    return std::move(*opened);
  }
  TemporaryFolder folder_;
  std::unique_ptr<Database> database_;
};

}  // namespace hg::store
