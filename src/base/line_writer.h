// Writes lines to a descriptor from a thread of its own, in blocks: whoever logs pays for an append, and never waits
// for the reader of the log.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>

namespace hg::log {

class LineWriter {
 public:
  static constexpr std::size_t kMostWaiting = 1024 * 1024;  // bytes; a line beyond is lost

  // The descriptor is not owned.
  explicit LineWriter(int descriptor);
  ~LineWriter();  // writes what waits
  LineWriter(const LineWriter&) = delete;
  LineWriter& operator=(const LineWriter&) = delete;

  // Within a tenth of a second, or at once. False: lost, for too much waits.
  bool push(std::string_view line, bool at_once);
  // Waits until all that was pushed is written.
  void flush();

 private:
  void work_off();

  const int descriptor_;
  std::mutex mutex_;
  std::condition_variable some_, written_;
  std::string waiting_;
  bool hurry_ = false, writing_ = false, stopping_ = false;
  std::thread thread_;
};

// All of `bytes`, also where the descriptor is a pipe that does not block; gives up where nobody reads it.
void write_all(int descriptor, std::string_view bytes);

}  // namespace hg::log
