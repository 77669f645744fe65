#include "app/data.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <pwd.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>

#include "base/encoding.h"

namespace hg::app {

namespace fs = std::filesystem;

namespace {

std::string in(const std::string& folder, std::string_view name) { return (fs::path(folder) / name).string(); }

std::string holder(int descriptor) {
  char text[32] = {};
  const ssize_t read = ::pread(descriptor, text, sizeof text - 1, 0);
  return read > 0 ? std::string(text, static_cast<std::size_t>(read)) : "?";
}

// Of somebody whose permissions do not suffice for `path`.
std::string what_helps(const std::string& path) {
  struct stat info{};
  if (::stat(path.c_str(), &info) != 0) return "run this as the user that it belongs to";
  if (info.st_uid == ::geteuid()) return fmt::format("it is yours: chmod u+rwX {}", path);
  const passwd* owner = ::getpwuid(info.st_uid);
  const std::string name = owner == nullptr ? fmt::format("'#{}'", info.st_uid) : owner->pw_name;
  return fmt::format("it belongs to {}; run this as that user: sudo -u {} heliograph ...", name, name);
}

}  // namespace

std::string why() { return std::strerror(errno); }

DataFiles::DataFiles(std::string where)
    : folder(std::move(where)),
      database(in(folder, "heliograph.db")),
      sealing_key(in(folder, "sealing.key")),
      socket(in(folder, kSocketName)),
      lock(in(folder, "heliograph.lock")),
      tls_authority(in(folder, "tls/ca.pem")),
      tls_certificate(in(folder, "tls/cert.pem")),
      tls_key(in(folder, "tls/key.pem")) {}

Result<void> make_data_directory(const DataFiles& files) {
  std::error_code error;
  if (fs::exists(files.database, error) || fs::exists(files.sealing_key, error))
    return fail(Code::conflict,
                fmt::format("{} holds a deployment already; name another directory or remove it", files.folder));
  return ensure_directory(files);
}

Result<void> ensure_directory(const DataFiles& files) {
  std::error_code error;
  fs::create_directories(files.folder, error);
  if (error) return fail(Code::unavailable, fmt::format("{} cannot be made: {}", files.folder, error.message()));
  if (::chmod(files.folder.c_str(), 0700) != 0 || ::access(files.folder.c_str(), W_OK) != 0)
    return fail(Code::unavailable, fmt::format("{} cannot be written: {}", files.folder, why()));
  return {};
}

Result<void> check_deployment(const DataFiles& files, Use use) {
  const int wanted = use == Use::write ? R_OK | W_OK : R_OK;
  for (const auto& [path, more] : {std::pair(&files.folder, X_OK), {&files.database, 0}}) {
    if (::access(path->c_str(), wanted | more) == 0) continue;
    if (errno == ENOENT || errno == ENOTDIR)
      return fail(Code::not_found, fmt::format("{} holds no deployment; make one: heliograph init --data {}",
                                               files.folder, files.folder));
    const bool forbidden = errno == EACCES;
    const std::string reason = why();
    return fail(Code::unavailable, fmt::format("{} cannot be {}: {}{}{}", *path, use == Use::write ? "written" : "read",
                                               reason, forbidden ? "; " : "", forbidden ? what_helps(*path) : ""));
  }
  return {};
}

Result<void> write_private(const std::string& file, Bytes content) {
  const std::string unfinished = file + ".new";
  std::error_code error;
  const fs::path folder = fs::path(file).parent_path();
  if (fs::create_directories(folder, error)) ::chmod(folder.c_str(), 0700);
  const int descriptor = ::open(unfinished.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  if (descriptor < 0) return fail(Code::unavailable, fmt::format("{} cannot be written: {}", file, why()));
  const bool written = ::write(descriptor, content.data(), content.size()) == static_cast<ssize_t>(content.size()) &&
                       ::fsync(descriptor) == 0;
  const std::string reason = why();
  ::close(descriptor);
  if (!written || ::rename(unfinished.c_str(), file.c_str()) != 0) {
    ::unlink(unfinished.c_str());
    return fail(Code::unavailable, fmt::format("{} cannot be written: {}", file, reason));
  }
  return {};
}

Result<DataLock> DataLock::take(const DataFiles& files) {
  const int descriptor = ::open(files.lock.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (descriptor < 0) {
    if (errno == ENOENT)
      return fail(Code::not_found,
                  fmt::format("{} does not exist; make it: heliograph init --data {}", files.folder, files.folder));
    return fail(Code::unavailable, fmt::format("{} cannot be written: {}", files.folder, why()));
  }
  DataLock lock(descriptor);
  if (::flock(descriptor, LOCK_EX | LOCK_NB) != 0)
    return fail(Code::conflict, fmt::format("{} is in use by process {}", files.folder, holder(descriptor)));
  const std::string text = std::to_string(::getpid());
  if (::ftruncate(descriptor, 0) != 0 || ::pwrite(descriptor, text.data(), text.size(), 0) < 0)
    return fail(Code::unavailable, fmt::format("{} cannot be written: {}", files.lock, why()));
  return lock;
}

DataLock::~DataLock() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

bool is_served(const DataFiles& files) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (files.socket.size() >= sizeof address.sun_path) return false;
  std::memcpy(address.sun_path, files.socket.c_str(), files.socket.size() + 1);
  const int descriptor = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (descriptor < 0) return false;
  const bool answers = ::connect(descriptor, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
  ::close(descriptor);
  return answers;
}

std::string sealing_key_file(const Config& config, const DataFiles& files) {
  if (config.sealing_key.empty()) return files.sealing_key;
  return config.sealing_key.starts_with("file:") ? config.sealing_key.substr(5) : "";
}

Result<void> make_sealing_key(const Config& config, const DataFiles& files) {
  const std::string file = sealing_key_file(config, files);
  struct stat info{};
  if (file.empty() || ::stat(file.c_str(), &info) == 0) return {};
  if (errno != ENOENT) return fail(Code::unavailable, fmt::format("{} cannot be read: {}", file, why()));
  const std::string text = base64url(crypto::SealingKey::generate().bytes());
  return write_private(file, as_bytes(text));
}

Result<crypto::SealingKey> read_sealing_key(const Config& config, const DataFiles& files) {
  const std::string file = sealing_key_file(config, files);
  if (struct stat info{}; !file.empty() && ::stat(file.c_str(), &info) != 0) {
    return fail(
        errno == ENOENT ? Code::not_found : Code::unavailable,
        fmt::format("the sealing key {} cannot be read: {}; where it lies elsewhere, name that: sealing_key in the "
                    "configuration, or HELIOGRAPH_SEALING_KEY=file:PATH",
                    file, why()));
  } else if (!file.empty() && (info.st_mode & 0077) != 0) {
    return fail(Code::property_invalid, fmt::format("{} may be read by others; chmod 600 {}", file, file));
  }
  const std::string reference = file.empty() ? config.sealing_key : "file:" + file;
  HG_TRY(const std::string text, resolve_secret(reference, variable));
  std::string_view bare = text;
  while (bare.ends_with('\n') || bare.ends_with('\r')) bare.remove_suffix(1);
  const auto bytes = from_base64url(bare);
  const auto key = bytes ? crypto::SealingKey::from_bytes(*bytes) : std::nullopt;
  if (!key)
    return fail(Code::property_invalid, fmt::format("the sealing key is not 32 bytes in base64url ({})",
                                                    config.sealing_key.empty() ? files.sealing_key : "sealing_key"));
  return *key;
}

}  // namespace hg::app
