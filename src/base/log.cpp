#include "base/log.h"

#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>
#include <unistd.h>

#include <atomic>
#include <memory>

#include "base/encoding.h"
#include "base/json.h"
#include "base/time.h"

namespace hg::log {

namespace {

std::atomic<Level> level_now{Level::warn};
std::atomic<Format> format_now{Format::text};

std::shared_ptr<spdlog::logger> logger_to(Stream stream) {
  spdlog::sink_ptr sink;
  if (stream == Stream::out) {
    sink = std::make_shared<spdlog::sinks::stdout_sink_mt>();
  } else {
    sink = std::make_shared<spdlog::sinks::stderr_sink_mt>();
  }
  auto made = std::make_shared<spdlog::logger>("heliograph", std::move(sink));
  made->set_pattern("%v");
  made->set_level(spdlog::level::trace);
  made->flush_on(spdlog::level::trace);
  return made;
}

std::shared_ptr<spdlog::logger>& logger() {
  static std::shared_ptr<spdlog::logger> current = logger_to(Stream::err);
  return current;
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

// What came from outside can neither add a line nor move the terminal's cursor: C0, DEL, and the C1 controls that
// UTF-8 writes as c2 80 to c2 9f.
std::string on_one_line(std::string_view message) {
  const bool well_formed = valid_utf8(message);
  std::string out;
  for (std::size_t i = 0; i < message.size(); ++i) {
    const auto c = static_cast<unsigned char>(message[i]);
    const auto next = static_cast<unsigned char>(i + 1 < message.size() ? message[i + 1] : 0);
    if (c == '\n') {
      out += "\\n";
    } else if (c == '\r') {
      out += "\\r";
    } else if (c < 0x20 || c == 0x7f || (c >= 0x80 && !well_formed)) {
      out += fmt::format("\\x{:02x}", c);
    } else if (c == 0xc2 && next < 0xa0) {
      out += fmt::format("\\x{:02x}", next);
      ++i;
    } else {
      out += message[i];
    }
  }
  return out;
}

std::string json_line(Time time, Level level, std::string_view area, std::string_view message) {
  std::string line;
  JsonWriter(line)
      .object()
      .field("time", time)
      .field("level", word(level))
      .field("area", area)
      .field("message", valid_utf8(message) ? std::string(message) : on_one_line(message))
      .end();
  return line;
}

}  // namespace

void open(Level level, Format format, Stream stream) {
  const bool terminal = ::isatty(stream == Stream::out ? STDOUT_FILENO : STDERR_FILENO) != 0;
  format_now = format != Format::automatic ? format : terminal ? Format::text : Format::json;
  level_now = level;
  logger() = logger_to(stream);
}

void set_level(Level level) { level_now = level; }

bool enabled(Level level) { return level >= level_now.load(std::memory_order_relaxed); }

std::string line_of(Format format, Time time, Level level, std::string_view area, std::string_view message) {
  if (format == Format::json) return json_line(time, level, area, message);
  return fmt::format("{} {:5} {:9} {}", iso(time), word(level), area, on_one_line(message));
}

void write(Level level, std::string_view area, std::string_view message) {
  logger()->log(spdlog::level::info, line_of(format_now, SystemClock().now(), level, area, message));
}

}  // namespace hg::log
