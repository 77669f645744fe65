// Structured logs: JSON lines, or text on a terminal; a message is one line, whatever is in it. No secret, token, UNSID
// or payload is ever passed in. Thread-safe but for open().
#pragma once

#include <fmt/format.h>

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

#include "base/time.h"

namespace hg::log {

enum class Level { debug, info, warn, error };
enum class Format { json, text, automatic };  // automatic: text on a terminal, JSON elsewhere
enum class Stream { out, err };

// A member of the line beside its message; left out where it is an empty text.
struct Field {
  std::string_view name;
  std::variant<std::string_view, std::int64_t, double> value;
};

// Until this is called only warnings and errors are written, as text on stderr: a command's stdout is its answer.
// From then on lines are written by a thread of the log's own, warnings and errors at once, others within a tenth of a
// second; where their reader is too slow some are lost, and the log says how many.
void open(Level level, Format format, Stream stream = Stream::out);
void set_level(Level level);
void write(Level level, std::string_view area, std::string_view message, std::span<const Field> fields = {});
bool enabled(Level level);
// Returns when all is written.
void flush();

// How a line is written, without its end. In text, control characters and broken UTF-8 become \n, \x1b, ...
std::string line_of(Format format, Time time, Level level, std::string_view area, std::string_view message,
                    std::span<const Field> fields = {});

template <class... Args>
void debug(std::string_view area, fmt::format_string<Args...> format, Args&&... args) {
  if (enabled(Level::debug)) write(Level::debug, area, fmt::format(format, std::forward<Args>(args)...));
}
template <class... Args>
void info(std::string_view area, fmt::format_string<Args...> format, Args&&... args) {
  if (enabled(Level::info)) write(Level::info, area, fmt::format(format, std::forward<Args>(args)...));
}
template <class... Args>
void warn(std::string_view area, fmt::format_string<Args...> format, Args&&... args) {
  if (enabled(Level::warn)) write(Level::warn, area, fmt::format(format, std::forward<Args>(args)...));
}
template <class... Args>
void error(std::string_view area, fmt::format_string<Args...> format, Args&&... args) {
  write(Level::error, area, fmt::format(format, std::forward<Args>(args)...));
}

}  // namespace hg::log
