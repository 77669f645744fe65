// A sealed archive: some files in one, under a passphrase. Written and read piece by piece, so that size does not
// matter.
//
// Format 1, numbers in network order:
//   magic   "HELIOGRAPH BACKUP 1\n"
//   salt    16 bytes; the key is argon2id over passphrase and salt (crypto/passphrase.h)
//   check   32 bytes: HMAC-SHA-256 over magic and salt, which tells a wrong passphrase from a damaged file
//   pieces  64 KiB of the stream each, the last one less or as much, each sealed with AES-256-GCM (crypto/seal.h, 30
//           bytes more); its associated data are the salt, its number (8 bytes) and whether it is the last (1 byte)
// The stream: for each file the length of its name (2 bytes, at least 1), the name, its size (8 bytes), its bytes; then
// two zero bytes.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/encoding.h"
#include "base/function_ref.h"
#include "base/result.h"
#include "crypto/seal.h"

namespace hg::app {

// An open file, closed at the end.
class File {
 public:
  File() = default;
  explicit File(int descriptor) : descriptor_(descriptor) {}
  File(File&& other) noexcept : descriptor_(other.release()) {}
  File& operator=(File&& other) noexcept;
  ~File();
  [[nodiscard]] int get() const { return descriptor_; }
  int release();

 private:
  int descriptor_ = -1;
};

// Bytes done, of all.
using Counting = FunctionRef<void(std::int64_t done, std::int64_t all)>;

class ArchiveWriter {
 public:
  // Writes beside `file` until finish(). Code::conflict where `file` exists and is no archive.
  static Result<ArchiveWriter> create(const std::string& file, std::string_view passphrase);
  ArchiveWriter(ArchiveWriter&&) = default;
  ArchiveWriter& operator=(ArchiveWriter&&) = delete;
  ~ArchiveWriter();  // unfinished: nothing is left

  Result<void> add(std::string_view name, Bytes content);
  Result<void> add_file(std::string_view name, const std::string& path, Counting counting);
  // The file is there, whole and on disk; answers its size.
  Result<std::int64_t> finish();

 private:
  ArchiveWriter(std::string file, File out, Buffer salt, crypto::SealingKey key);
  Result<void> begin(std::string_view name, std::uint64_t size);
  Result<void> append(Bytes bytes);
  Result<void> put_piece(bool last);
  Result<void> put(Bytes bytes);

  std::string file_;
  File out_;
  Buffer salt_;
  crypto::SealingKey key_;
  Buffer piece_;
  std::uint64_t pieces_ = 0;
  std::int64_t bytes_ = 0;
};

class ArchiveReader {
 public:
  // Code::property_invalid for what is no archive, Code::token_invalid for a wrong passphrase.
  static Result<ArchiveReader> open(const std::string& file, std::string_view passphrase);

  struct Entry {
    std::string name;
    std::int64_t size = 0;
  };
  // The next file; nullopt behind the last. The one before must have been read. Code::property_invalid where the
  // archive is damaged or cut.
  Result<std::optional<Entry>> next();
  // The present file, which is no larger than `most`.
  Result<Buffer> content(const Entry& entry, std::int64_t most);
  // The present file into a new one of mode 0600, on disk when it returns.
  Result<void> extract(const Entry& entry, const std::string& path, Counting counting);

 private:
  ArchiveReader(std::string file, File in, Buffer salt, crypto::SealingKey key, std::int64_t left);
  Result<void> read(std::span<std::byte> into);
  Result<void> next_piece();

  std::string file_;
  File in_;
  Buffer salt_;
  crypto::SealingKey key_;
  Buffer piece_;
  std::size_t at_ = 0;  // in the piece
  std::uint64_t pieces_ = 0;
  std::int64_t left_;  // of the file
};

// Whether a file begins as an archive does.
bool is_archive(const std::string& file);

}  // namespace hg::app
