#include "app/archive.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>

#include "app/data.h"
#include "crypto/hash.h"
#include "crypto/passphrase.h"

namespace hg::app {

namespace {

constexpr std::string_view kMagic = "HELIOGRAPH BACKUP 1\n";
constexpr std::string_view kAnyMagic = "HELIOGRAPH BACKUP ";
constexpr std::size_t kPiece = 64 * 1024;
constexpr std::size_t kSealed = 30;  // what sealing adds
constexpr std::size_t kCheck = 32;
constexpr std::size_t kMaxName = 255;

std::string unfinished(const std::string& file) { return file + ".new"; }

template <class Number>
void append_number(Buffer& out, Number number) {
  for (int shift = (static_cast<int>(sizeof(Number)) - 1) * 8; shift >= 0; shift -= 8)
    out.push_back(static_cast<std::byte>(static_cast<std::uint64_t>(number) >> shift));
}

std::uint64_t read_number(Bytes bytes) {
  std::uint64_t number = 0;
  for (const auto byte : bytes) number = (number << 8) | std::to_integer<std::uint64_t>(byte);
  return number;
}

crypto::Digest check_of(const crypto::SealingKey& key, const Buffer& salt) {
  return crypto::hmac_sha256(key.subkey("archive check").bytes(), {as_bytes(kMagic), Bytes(salt)});
}

Buffer associated(const Buffer& salt, std::uint64_t number, bool last) {
  Buffer data = salt;
  append_number(data, number);
  data.push_back(last ? std::byte{1} : std::byte{0});
  return data;
}

// A file of the bytes, all of them; errno says why not.
bool write_all(int descriptor, Bytes bytes) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(descriptor, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return false;
    bytes = bytes.subspan(static_cast<std::size_t>(written));
  }
  return true;
}

// How much came, at most into.size(); -1: errno says why.
ssize_t read_some(int descriptor, std::span<std::byte> into) {
  std::size_t have = 0;
  while (have < into.size()) {
    const ssize_t got = ::read(descriptor, into.data() + have, into.size() - have);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return -1;
    if (got == 0) break;
    have += static_cast<std::size_t>(got);
  }
  return static_cast<ssize_t>(have);
}

// A rename is on disk once its folder is.
void sync_folder_of(const std::string& file) {
  const auto folder = std::filesystem::absolute(file).parent_path();
  const File opened(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (opened.get() >= 0) ::fsync(opened.get());
}

}  // namespace

File& File::operator=(File&& other) noexcept {
  if (descriptor_ >= 0) ::close(descriptor_);
  descriptor_ = other.release();
  return *this;
}

File::~File() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

int File::release() { return std::exchange(descriptor_, -1); }

ArchiveWriter::ArchiveWriter(std::string file, File out, Buffer salt, crypto::SealingKey key)
    : file_(std::move(file)), out_(std::move(out)), salt_(std::move(salt)), key_(std::move(key)) {}

ArchiveWriter::~ArchiveWriter() {
  if (out_.get() >= 0) ::unlink(unfinished(file_).c_str());
}

Result<ArchiveWriter> ArchiveWriter::create(const std::string& file, std::string_view passphrase) {
  std::error_code none;
  if (std::filesystem::exists(file, none) && !is_archive(file))
    return fail(Code::conflict, fmt::format("{} is there and is no backup; name another file", file));
  ::unlink(unfinished(file).c_str());
  File out(::open(unfinished(file).c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
  if (out.get() < 0) return fail(Code::unavailable, fmt::format("{} cannot be written: {}", file, why()));
  Buffer salt = crypto::random_bytes(crypto::kPassphraseSalt);
  auto key = crypto::key_of_passphrase(passphrase, salt);
  ArchiveWriter writer(file, std::move(out), std::move(salt), std::move(key));
  HG_CHECK(writer.put(as_bytes(kMagic)));
  HG_CHECK(writer.put(writer.salt_));
  HG_CHECK(writer.put(check_of(writer.key_, writer.salt_)));
  return writer;
}

Result<void> ArchiveWriter::put(Bytes bytes) {
  if (!write_all(out_.get(), bytes))
    return fail(Code::unavailable, fmt::format("{} cannot be written: {}", file_, why()));
  bytes_ += static_cast<std::int64_t>(bytes.size());
  return {};
}

Result<void> ArchiveWriter::put_piece(bool last) {
  const Buffer sealed = key_.seal(associated(salt_, pieces_++, last), piece_);
  piece_.clear();
  return put(sealed);
}

// A full piece is put when more follows, so that the last one is known as such.
Result<void> ArchiveWriter::append(Bytes bytes) {
  while (!bytes.empty()) {
    if (piece_.size() == kPiece) HG_CHECK(put_piece(false));
    const Bytes part = bytes.first(std::min(bytes.size(), kPiece - piece_.size()));
    piece_.insert(piece_.end(), part.begin(), part.end());
    bytes = bytes.subspan(part.size());
  }
  return {};
}

Result<void> ArchiveWriter::begin(std::string_view name, std::uint64_t size) {
  Buffer head;
  append_number(head, static_cast<std::uint16_t>(name.size()));
  const Bytes text = as_bytes(name);
  head.insert(head.end(), text.begin(), text.end());
  append_number(head, size);
  return append(head);
}

Result<void> ArchiveWriter::add(std::string_view name, Bytes content) {
  HG_CHECK(begin(name, content.size()));
  return append(content);
}

Result<void> ArchiveWriter::add_file(std::string_view name, const std::string& path, Counting counting) {
  const File in(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  struct stat info{};
  if (in.get() < 0 || ::fstat(in.get(), &info) != 0)
    return fail(Code::unavailable, fmt::format("{} cannot be read: {}", path, why()));
  HG_CHECK(begin(name, static_cast<std::uint64_t>(info.st_size)));
  Buffer part(kPiece);
  for (std::int64_t done = 0; done < info.st_size;) {
    const auto wanted = static_cast<std::size_t>(std::min<std::int64_t>(kPiece, info.st_size - done));
    const ssize_t got = read_some(in.get(), std::span(part).first(wanted));
    if (got != static_cast<ssize_t>(wanted))
      return fail(Code::unavailable, fmt::format("{} cannot be read: {}", path, got < 0 ? why() : "it became shorter"));
    HG_CHECK(append(Bytes(part).first(wanted)));
    done += got;
    counting(done, info.st_size);
  }
  return {};
}

Result<std::int64_t> ArchiveWriter::finish() {
  HG_CHECK(append(Buffer(2)));
  HG_CHECK(put_piece(true));
  if (::fsync(out_.get()) != 0 || ::rename(unfinished(file_).c_str(), file_.c_str()) != 0)
    return fail(Code::unavailable, fmt::format("{} cannot be written: {}", file_, why()));
  out_ = File();
  sync_folder_of(file_);
  return bytes_;
}

ArchiveReader::ArchiveReader(std::string file, File in, Buffer salt, crypto::SealingKey key, std::int64_t left)
    : file_(std::move(file)), in_(std::move(in)), salt_(std::move(salt)), key_(std::move(key)), left_(left) {}

Result<ArchiveReader> ArchiveReader::open(const std::string& file, std::string_view passphrase) {
  File in(::open(file.c_str(), O_RDONLY | O_CLOEXEC));
  struct stat info{};
  if (in.get() < 0 || ::fstat(in.get(), &info) != 0)
    return fail(Code::not_found, fmt::format("{} cannot be read: {}", file, why()));
  Buffer head(kMagic.size() + crypto::kPassphraseSalt + kCheck);
  const ssize_t got = read_some(in.get(), head);
  const std::string_view magic = as_text(Bytes(head).first(kMagic.size()));
  if (got != static_cast<ssize_t>(head.size()) || magic != kMagic) {
    const bool other = magic.starts_with(kAnyMagic);
    return fail(Code::property_invalid, other ? fmt::format("{} is cut, or of a newer heliograph", file)
                                              : fmt::format("{} is no heliograph backup", file));
  }
  const Bytes salt_bytes = Bytes(head).subspan(kMagic.size(), crypto::kPassphraseSalt);
  Buffer salt(salt_bytes.begin(), salt_bytes.end());
  auto key = crypto::key_of_passphrase(passphrase, salt);
  if (!crypto::equal(check_of(key, salt), Bytes(head).subspan(kMagic.size() + salt.size())))
    return fail(Code::token_invalid, fmt::format("the passphrase does not open {}", file));
  return ArchiveReader(file, std::move(in), std::move(salt), std::move(key),
                       info.st_size - static_cast<std::int64_t>(head.size()));
}

Result<void> ArchiveReader::next_piece() {
  const auto size = static_cast<std::size_t>(std::min<std::int64_t>(left_, kPiece + kSealed));
  const bool last = left_ <= static_cast<std::int64_t>(kPiece + kSealed);
  Buffer sealed(size);
  const ssize_t got = read_some(in_.get(), sealed);
  if (got < 0) return fail(Code::unavailable, fmt::format("{} cannot be read: {}", file_, why()));
  auto piece = key_.open(associated(salt_, pieces_, last), sealed);
  if (!piece)
    return fail(Code::property_invalid,
                fmt::format("{} is damaged or cut, in its {}. piece of 64 KiB", file_, pieces_ + 1));
  ++pieces_;
  left_ -= got;
  piece_ = std::move(*piece);
  at_ = 0;
  return {};
}

Result<void> ArchiveReader::read(std::span<std::byte> into) {
  while (!into.empty()) {
    if (at_ == piece_.size()) HG_CHECK(next_piece());
    const std::size_t part = std::min(into.size(), piece_.size() - at_);
    std::ranges::copy(Bytes(piece_).subspan(at_, part), into.begin());
    at_ += part;
    into = into.subspan(part);
  }
  return {};
}

Result<std::optional<ArchiveReader::Entry>> ArchiveReader::next() {
  Buffer number(2);
  HG_CHECK(read(number));
  const auto length = static_cast<std::size_t>(read_number(number));
  if (length == 0) return std::optional<Entry>();
  if (length > kMaxName) return fail(Code::property_invalid, fmt::format("{} is of a newer heliograph", file_));
  Entry entry{.name = std::string(length, '\0')};
  HG_CHECK(read(std::as_writable_bytes(std::span(entry.name))));
  number.resize(8);
  HG_CHECK(read(number));
  entry.size = static_cast<std::int64_t>(read_number(number));
  return std::optional(std::move(entry));
}

Result<Buffer> ArchiveReader::content(const Entry& entry, std::int64_t most) {
  if (entry.size > most || entry.size < 0)
    return fail(Code::property_invalid, fmt::format("{}: {} is larger than it can be", file_, entry.name));
  Buffer bytes(static_cast<std::size_t>(entry.size));
  HG_CHECK(read(bytes));
  return bytes;
}

Result<void> ArchiveReader::extract(const Entry& entry, const std::string& path, Counting counting) {
  const File out(::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
  if (out.get() < 0) return fail(Code::unavailable, fmt::format("{} cannot be written: {}", path, why()));
  Buffer part(kPiece);
  for (std::int64_t done = 0; done < entry.size;) {
    const auto size = static_cast<std::size_t>(std::min<std::int64_t>(kPiece, entry.size - done));
    HG_CHECK(read(std::span(part).first(size)));
    if (!write_all(out.get(), Bytes(part).first(size)))
      return fail(Code::unavailable, fmt::format("{} cannot be written: {}", path, why()));
    done += static_cast<std::int64_t>(size);
    counting(done, entry.size);
  }
  if (::fsync(out.get()) != 0) return fail(Code::unavailable, fmt::format("{} cannot be written: {}", path, why()));
  return {};
}

bool is_archive(const std::string& file) {
  const File in(::open(file.c_str(), O_RDONLY | O_CLOEXEC));
  Buffer head(kAnyMagic.size());
  return in.get() >= 0 && read_some(in.get(), head) == static_cast<ssize_t>(head.size()) && as_text(head) == kAnyMagic;
}

}  // namespace hg::app
