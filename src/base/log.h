// Structured logs on stdout: JSON lines, or text on a terminal. No secret, token, UNSID or payload is ever passed in.
#pragma once

#include <fmt/format.h>

#include <string>
#include <string_view>
#include <utility>

namespace hg::log {

enum class Level { debug, info, warn, error };
enum class Format { json, text, automatic };

// Until this is called only warnings and errors are written.
void open(Level level, Format format);
void set_level(Level level);
void write(Level level, std::string_view area, std::string_view message);
bool enabled(Level level);

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
