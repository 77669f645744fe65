// The data directory: who holds it, the sealing key, the files of the demo's TLS. Files are 0600, the directory 0700.
#pragma once

#include <cstdint>
#include <string>

#include "app/config.h"
#include "base/result.h"
#include "crypto/seal.h"

namespace hg::app {

inline constexpr std::string_view kSocketName = "heliograph.sock";

struct DataFiles {
  explicit DataFiles(std::string folder);
  std::string folder, database, sealing_key, socket, lock, tls_authority, tls_certificate, tls_key;
};

// What errno says.
std::string why();

// Makes the directory where there is none, closed to others; Code::unavailable where that cannot be.
Result<void> ensure_directory(const DataFiles& files);
// The same for a new deployment; Code::conflict where there is a deployment in it, Code::unavailable where it cannot be
// written.
Result<void> make_data_directory(const DataFiles& files);
// That there is a deployment's store in it: Code::not_found, and Code::unavailable where this process may not do to it
// what it is about to do, with what helps.
enum class Use : std::uint8_t { read, write };
Result<void> check_deployment(const DataFiles& files, Use use);
// Writes a file with mode 0600, whole or not at all; a directory that is made for it is closed to others.
Result<void> write_private(const std::string& file, Bytes content);

// Keeps others off the directory for as long as it lives: an exclusive flock that names this process.
class DataLock {
 public:
  // Code::conflict, naming the process that holds it.
  static Result<DataLock> take(const DataFiles& files);
  DataLock(DataLock&& other) noexcept : descriptor_(other.descriptor_) { other.descriptor_ = -1; }
  DataLock& operator=(DataLock&&) = delete;
  ~DataLock();

 private:
  explicit DataLock(int descriptor) : descriptor_(descriptor) {}
  int descriptor_;
};

// Whether a process answers on the directory's socket.
bool is_served(const DataFiles& files);

// The file that holds the sealing key: what `sealing_key` names in the configuration, else the directory's; "" where it
// is in the environment.
std::string sealing_key_file(const Config& config, const DataFiles& files);
// A new key in that file, for a new deployment; one that is there already stays, for it may be the backup's.
Result<void> make_sealing_key(const Config& config, const DataFiles& files);
// The key of that file or variable. Refuses a file that others may read.
Result<crypto::SealingKey> read_sealing_key(const Config& config, const DataFiles& files);

}  // namespace hg::app
