// Structured logs: JSON lines, or text on a terminal; a message is one line, whatever is in it. No secret, token, UNSID
// or payload is ever passed in. Thread-safe but for open().
#pragma once

#include <fmt/format.h>

#include <string>
#include <string_view>
#include <utility>

#include "base/time.h"

namespace hg::log {

enum class Level { debug, info, warn, error };
enum class Format { json, text, automatic };  // automatic: text on a terminal, JSON elsewhere
enum class Stream { out, err };

// Until this is called only warnings and errors are written, as text on stderr: a command's stdout is its answer.
void open(Level level, Format format, Stream stream = Stream::out);
void set_level(Level level);
void write(Level level, std::string_view area, std::string_view message);
bool enabled(Level level);

// How a message is written, without the end of line. In text, control characters and broken UTF-8 become \n, \x1b, ...
std::string line_of(Format format, Time time, Level level, std::string_view area, std::string_view message);

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
