#include "app/backup.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <optional>
#include <sstream>

#include "app/archive.h"
#include "app/store.h"
#include "base/json.h"
#include "crypto/hash.h"
#include "identity/registry.h"
#include "store/audit.h"
#include "store/database.h"
#include "store/file.h"
#include "store/settings.h"

namespace hg::app {

namespace fs = std::filesystem;

namespace {

constexpr std::string_view kAbout = "about.json";  // the first in every archive
constexpr std::string_view kStore = "heliograph.db";
constexpr std::string_view kKey = "sealing.key";
constexpr std::string_view kConfig = "heliograph.toml";
constexpr std::string_view kTls = "tls/";
constexpr std::int64_t kMostOfSmall = 1024 * 1024;

// Removed at the end, whatever happens.
struct Temporary {
  explicit Temporary(std::string the_path) : path(std::move(the_path)) {}
  Temporary(const Temporary&) = delete;
  Temporary& operator=(const Temporary&) = delete;
  ~Temporary() {
    std::error_code none;
    for (const char* end : {"", "-wal", "-shm", "-journal"}) fs::remove(path + end, none);
  }
  std::string path;
};

Result<std::string> text_of(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  std::ostringstream text;
  if (!in || !(text << in.rdbuf())) return fail(Code::unavailable, path + " cannot be read");
  return text.str();
}

// Names that are safe in any directory.
bool plain_name(std::string_view name) {
  return !name.empty() && name.front() != '.' && std::ranges::all_of(name, [](unsigned char c) {
    return std::isalnum(c) != 0 || c == '.' || c == '-' || c == '_';
  });
}

std::vector<std::string> tls_files(const DataFiles& files) {
  std::vector<std::string> names;
  std::error_code none;
  for (const auto& entry : fs::directory_iterator(fs::path(files.folder) / "tls", none)) {
    const std::string name = entry.path().filename();
    if (entry.is_regular_file(none) && plain_name(name)) names.push_back(name);
  }
  std::ranges::sort(names);
  return names;
}

std::string about(Time now) {
  return json::serialize(json::value{{"made", iso(now)}, {"version", HELIOGRAPH_VERSION}});
}

Result<void> judge_key(bool opens) {
  if (!opens) return fail(Code::property_invalid, "the sealing key does not open what is in the store");
  return {};
}

Result<void> check_key(const crypto::SealingKey& key, const std::string& store) {
  bool opens = false;
  store::read_file(store, [&](store::Connection& tx) { opens = identity::Registry::opens(tx, key); });
  return judge_key(opens);
}

// Of a store on a server, which is no part of the backup; of a deployment, though.
Result<void> check_key_on_server(const crypto::SealingKey& key, const Config& config, const DataFiles& files) {
  bool opens = false, is_founded = false;
  HG_CHECK(read_store(config, files, [&](store::Connection& tx) {
    is_founded = founded(tx);
    opens = identity::Registry::opens(tx, key);
  }));
  if (!is_founded) return fail(Code::not_found, "the database holds no deployment");
  return judge_key(opens);
}

// Not 0 and not the present one; time may have gone back, and the same backup may be restored twice.
std::uint32_t another_epoch(const std::optional<std::string>& present) {
  for (;;) {
    std::uint32_t epoch = 0;
    crypto::fill_random(std::as_writable_bytes(std::span(&epoch, 1)));
    if (epoch != 0 && std::to_string(epoch) != present) return epoch;
  }
}

Result<std::uint32_t> renew_epoch_of(store::Database::Options store, std::string_view details) {
  const Time now = SystemClock().now();
  HG_TRY(const auto database, store::Database::open(std::move(store), now));
  if (!database->read_now(founded)) return fail(Code::not_found, "the database holds no deployment");
  return database->transact_now([&](store::Connection& tx) {
    const std::uint32_t epoch = another_epoch(store::settings::find(tx, "epoch"));
    store::settings::put(tx, "epoch", std::to_string(epoch));
    store::audit::append(tx, {.at = now,
                              .actor = "local administrator",
                              .action = "store.restore",
                              .target = "epoch",
                              .detail = std::string(details)});
    return epoch;
  });
}

// Empty, or what a file system makes itself.
Result<void> check_empty(const std::string& data) {
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(data, error)) {
    const std::string name = entry.path().filename();
    if (name == "lost+found") continue;
    if (name == "heliograph.lock") {
      HG_TRY([[maybe_unused]] const auto free, DataLock::take(DataFiles(data)));
    }
    return fail(Code::conflict, fmt::format("{} is not empty ({} is in it); name another directory", data, name));
  }
  if (error && fs::exists(data)) return fail(Code::unavailable, fmt::format("{}: {}", data, error.message()));
  return {};
}

// What is written into the directory, taken back unless it is kept.
class Arrivals {
 public:
  explicit Arrivals(const DataFiles& files) : files_(files), made_(!fs::exists(files.folder)) {}
  Arrivals(const Arrivals&) = delete;
  Arrivals& operator=(const Arrivals&) = delete;
  ~Arrivals() {
    if (kept_) return;
    std::error_code none;
    for (const std::string& path : paths_) fs::remove(path, none);
    fs::remove(fs::path(files_.folder) / "tls", none);
    fs::remove(files_.lock, none);
    if (made_) fs::remove(files_.folder, none);
  }
  std::string add(std::string_view name) {
    paths_.push_back((fs::path(files_.folder) / name).string());
    return paths_.back();
  }
  void keep() { kept_ = true; }

 private:
  const DataFiles& files_;
  const bool made_;
  bool kept_ = false;
  std::vector<std::string> paths_;
};

Result<json::value> read_about(ArchiveReader& archive, const std::string& from) {
  HG_TRY(const auto entry, archive.next());
  if (!entry || entry->name != kAbout) return fail(Code::property_invalid, from + " is of a newer heliograph");
  HG_TRY(const Buffer text, archive.content(*entry, kMostOfSmall));
  return parse_json(as_text(text));
}

bool small_file(std::string_view name) {
  return name == kKey || name == kConfig || (name.starts_with(kTls) && plain_name(name.substr(kTls.size())));
}

// Every file of the archive; the store under `store`, for a directory is a deployment only when it is done.
Result<std::vector<std::string>> extract(ArchiveReader& archive, Arrivals& arrivals, const std::string& store,
                                         Progress progress) {
  std::vector<std::string> names;
  for (;;) {
    HG_TRY(const auto entry, archive.next());
    if (!entry) return names;
    if (entry->name == kStore) {
      HG_CHECK(
          archive.extract(*entry, store, [&](auto done, auto all) { progress("restoring the store", done, all); }));
    } else if (small_file(entry->name)) {
      HG_TRY(const Buffer content, archive.content(*entry, kMostOfSmall));
      HG_CHECK(write_private(arrivals.add(entry->name), content));
    } else {
      return fail(Code::property_invalid, "the backup is of a newer heliograph: it holds " + entry->name);
    }
    names.push_back(entry->name);
  }
}

Result<void> check_store(const std::string& store) {
  const auto seen = store::examine_file(store);
  if (!seen.problems.empty())
    return fail(Code::property_invalid, "the store in it is damaged: " + seen.problems.front());
  return {};
}

}  // namespace

Result<BackedUp> back_up(const Config& config, const std::string& config_file, const std::string& to,
                         std::string_view passphrase, Progress progress) {
  const DataFiles files(config.data);
  if (!on_server(config)) HG_CHECK(check_deployment(files, Use::read));
  HG_TRY(const auto key, read_sealing_key(config, files));
  if (on_server(config)) HG_CHECK(check_key_on_server(key, config, files));
  HG_TRY(auto archive, ArchiveWriter::create(to, passphrase));
  const Temporary copy(to + ".store");
  BackedUp made{.made = SystemClock().now()};
  const auto add = [&](std::string_view name, std::string_view content) {
    made.files.emplace_back(name);
    return archive.add(name, as_bytes(content));
  };
  HG_CHECK(archive.add(kAbout, as_bytes(about(made.made))));

  if (!on_server(config)) {
    store::copy_file(files.database, copy.path, [&](auto done, auto all) { progress("copying the store", done, all); });
    HG_CHECK(check_key(key, copy.path));
    made.store_bytes = static_cast<std::int64_t>(fs::file_size(copy.path));
    made.files.emplace_back(kStore);
    HG_CHECK(
        archive.add_file(kStore, copy.path, [&](auto done, auto all) { progress("sealing the store", done, all); }));
  }
  HG_CHECK(add(kKey, base64url(key.bytes())));
  for (const std::string& name : tls_files(files)) {
    HG_TRY(const std::string content, text_of((fs::path(files.folder) / "tls" / name).string()));
    HG_CHECK(add(std::string(kTls) + name, content));
  }
  if (!config_file.empty()) {
    HG_TRY(const std::string content, text_of(config_file));
    HG_CHECK(add(kConfig, content));
  }
  HG_TRY(made.bytes, archive.finish());
  return made;
}

Result<Restored> restore(const std::string& from, const std::string& data, std::string_view passphrase,
                         Progress progress) {
  const DataFiles files(data);
  HG_TRY(auto archive, ArchiveReader::open(from, passphrase));
  HG_CHECK(check_empty(data));
  Arrivals arrivals(files);
  HG_CHECK(make_data_directory(files));
  HG_TRY(const auto lock, DataLock::take(files));
  HG_TRY(const json::value about, read_about(archive, from));

  const Temporary store(files.database + ".restoring");
  Restored restored;
  HG_TRY(restored.files, extract(archive, arrivals, store.path, progress));
  HG_TRY(const auto key, read_sealing_key(Config(), files));
  restored.made = parse_iso(json::value_to<std::string>(about.at("made"))).value_or(Time{});
  restored.version = json::value_to<std::string>(about.at("version"));
  if (!fs::exists(store.path)) {
    arrivals.keep();
    return restored;
  }
  HG_CHECK(check_store(store.path));
  HG_CHECK(check_key(key, store.path));
  HG_TRY(restored.epoch, renew_epoch_of({.path = store.path, .readers = 1},
                                        json::serialize(json::value{{"backupMade", iso(restored.made)}})));
  if (::rename(store.path.c_str(), files.database.c_str()) != 0)
    return fail(Code::unavailable, fmt::format("{} cannot be written: {}", files.database, std::strerror(errno)));
  const File folder(::open(data.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  ::fsync(folder.get());
  arrivals.keep();
  return restored;
}

Result<std::uint32_t> renew_epoch(const Config& config) {
  const DataFiles files(config.data);
  if (!on_server(config)) HG_CHECK(check_deployment(files, Use::write));
  if (on_server(config)) HG_CHECK(ensure_directory(files));
  HG_TRY(const auto lock, DataLock::take(files));
  HG_TRY(auto store, store_of(config, files));
  return renew_epoch_of(std::move(store), "");
}

}  // namespace hg::app
