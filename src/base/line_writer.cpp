#include "base/line_writer.h"

#include <poll.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <utility>

namespace hg::log {

namespace {
constexpr std::chrono::milliseconds kPause{100};
constexpr std::size_t kBlock = 64 * 1024;
}  // namespace

void write_all(int descriptor, std::string_view bytes) {
  while (!bytes.empty()) {
    const auto written = ::write(descriptor, bytes.data(), bytes.size());
    if (written >= 0) {
      bytes.remove_prefix(static_cast<std::size_t>(written));
    } else if (errno == EAGAIN) {
      pollfd ready{.fd = descriptor, .events = POLLOUT, .revents = 0};
      ::poll(&ready, 1, -1);
    } else if (errno != EINTR) {
      return;
    }
  }
}

LineWriter::LineWriter(int descriptor) : descriptor_(descriptor), thread_([this] { work_off(); }) {}

LineWriter::~LineWriter() {
  {
    const std::scoped_lock lock(mutex_);
    stopping_ = true;
  }
  some_.notify_one();
  thread_.join();
}

bool LineWriter::push(std::string_view line, bool at_once) {
  bool wake = at_once;
  {
    const std::scoped_lock lock(mutex_);
    const auto before = waiting_.size();
    if (before + line.size() >= kMostWaiting) return false;
    waiting_.append(line).push_back('\n');
    hurry_ = hurry_ || at_once || waiting_.size() >= kBlock;
    wake = wake || before == 0 || (before < kBlock && waiting_.size() >= kBlock);
  }
  if (wake) some_.notify_one();
  return true;
}

void LineWriter::flush() {
  std::unique_lock lock(mutex_);
  hurry_ = true;
  some_.notify_one();
  written_.wait(lock, [&] { return waiting_.empty() && !writing_; });
}

void LineWriter::work_off() {
  std::string block;
  for (std::unique_lock lock(mutex_);;) {
    some_.wait(lock, [&] { return stopping_ || !waiting_.empty(); });
    if (waiting_.empty()) return;
    some_.wait_for(lock, kPause, [&] { return stopping_ || hurry_; });
    std::swap(block, waiting_);
    hurry_ = false;
    writing_ = true;
    lock.unlock();
    write_all(descriptor_, block);
    block.clear();
    lock.lock();
    writing_ = false;
    written_.notify_all();
  }
}

}  // namespace hg::log
