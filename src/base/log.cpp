#include "base/log.h"

#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>
#include <unistd.h>

#include <atomic>
#include <memory>

#include "base/json.h"
#include "base/time.h"

namespace hg::log {

namespace {

std::atomic<Level> level_now{Level::warn};
std::atomic<bool> as_json{false};

spdlog::logger& logger() {
  static const std::shared_ptr<spdlog::logger> instance = [] {
    auto made = std::make_shared<spdlog::logger>("heliograph", std::make_shared<spdlog::sinks::stdout_sink_mt>());
    made->set_pattern("%v");
    made->set_level(spdlog::level::trace);
    made->flush_on(spdlog::level::trace);
    return made;
  }();
  return *instance;
}

std::string_view word(Level level) {
  switch (level) {
    case Level::debug:
      return "debug";
    case Level::info:
      return "info";
    case Level::warn:
      return "warn";
    case Level::error:
      return "error";
  }
  return "error";
}

// A line of the log is one line: what came from outside cannot add one, nor move the terminal's cursor.
std::string on_one_line(std::string_view message) {
  std::string out;
  for (const char c : message) out += static_cast<unsigned char>(c) < 0x20 || c == 0x7f ? ' ' : c;
  return out;
}

}  // namespace

void open(Level level, Format format) {
  as_json = format == Format::json || (format == Format::automatic && ::isatty(STDOUT_FILENO) == 0);
  level_now = level;
}

void set_level(Level level) { level_now = level; }

bool enabled(Level level) { return level >= level_now.load(std::memory_order_relaxed); }

void write(Level level, std::string_view area, std::string_view message) {
  const Time now = SystemClock().now();
  std::string line;
  if (as_json) {
    JsonWriter(line)
        .object()
        .field("time", now)
        .field("level", word(level))
        .field("area", area)
        .field("message", message)
        .end();
  } else {
    line = fmt::format("{} {:5} {:9} {}", iso(now), word(level), area, on_one_line(message));
  }
  logger().log(spdlog::level::info, line);
}

}  // namespace hg::log
