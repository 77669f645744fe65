#include "base/log.h"

#include <unistd.h>

#include <atomic>
#include <memory>

#include "base/encoding.h"
#include "base/json.h"
#include "base/line_writer.h"
#include "base/time.h"

namespace hg::log {

namespace {

std::atomic<Level> level_now{Level::warn};
std::atomic<Format> format_now{Format::text};
std::atomic<std::uint64_t> lost{0};  // lines, since the log last said so

// None before open().
std::unique_ptr<LineWriter>& writer() {
  static std::unique_ptr<LineWriter> current;
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

// As on_one_line, in quotes where it would not read as one word.
std::string as_word(std::string_view text) {
  const std::string line = on_one_line(text);
  if (line.find_first_of(" \"=") == std::string::npos) return line;
  std::string quoted = "\"";
  for (const char c : line) {
    if (c == '"') quoted += '\\';
    quoted += c;
  }
  return quoted + '"';
}

bool absent(const Field& field) {
  const auto* text = std::get_if<std::string_view>(&field.value);
  return text != nullptr && text->empty();
}

std::string readable(std::string_view text) { return valid_utf8(text) ? std::string(text) : on_one_line(text); }

std::string json_line(Time time, Level level, std::string_view area, std::string_view message,
                      std::span<const Field> fields) {
  std::string line;
  line.reserve(384);
  JsonWriter writer(line);
  writer.object()
      .field("time", time)
      .field("level", word(level))
      .field("area", area)
      .field("message", readable(message));
  for (const Field& field : fields) {
    if (absent(field)) continue;
    writer.key(field.name);
    if (const auto* text = std::get_if<std::string_view>(&field.value)) {
      writer.value(readable(*text));
    } else if (const auto* whole = std::get_if<std::int64_t>(&field.value)) {
      writer.value(*whole);
    } else {
      writer.value(std::get<double>(field.value));
    }
  }
  writer.end();
  return line;
}

std::string text_line(Time time, Level level, std::string_view area, std::string_view message,
                      std::span<const Field> fields) {
  std::string line = fmt::format("{} {:5} {:9} {}", iso(time), word(level), area, on_one_line(message));
  for (const Field& field : fields) {
    if (absent(field)) continue;
    line.append(" ").append(field.name).append("=");
    if (const auto* text = std::get_if<std::string_view>(&field.value)) {
      line += as_word(*text);
    } else if (const auto* whole = std::get_if<std::int64_t>(&field.value)) {
      line += std::to_string(*whole);
    } else {
      line += fmt::format("{}", std::get<double>(field.value));
    }
  }
  return line;
}

void put(std::string&& line, Level level) {
  if (auto& out = writer()) {
    if (!out->push(line, level >= Level::warn)) lost.fetch_add(1, std::memory_order_relaxed);
  } else {
    line += '\n';
    write_all(STDERR_FILENO, line);
  }
}

}  // namespace

void open(Level level, Format format, Stream stream) {
  const int descriptor = stream == Stream::out ? STDOUT_FILENO : STDERR_FILENO;
  format_now = format != Format::automatic ? format : ::isatty(descriptor) != 0 ? Format::text : Format::json;
  level_now = level;
  writer() = std::make_unique<LineWriter>(descriptor);
}

void set_level(Level level) { level_now = level; }

bool enabled(Level level) { return level >= level_now.load(std::memory_order_relaxed); }

std::string line_of(Format format, Time time, Level level, std::string_view area, std::string_view message,
                    std::span<const Field> fields) {
  return format == Format::json ? json_line(time, level, area, message, fields)
                                : text_line(time, level, area, message, fields);
}

void write(Level level, std::string_view area, std::string_view message, std::span<const Field> fields) {
  const Time now = SystemClock().now();
  if (lost.load(std::memory_order_relaxed) > 0) {
    if (const auto lines = lost.exchange(0))
      put(line_of(format_now, now, Level::warn, "log", fmt::format("{} lines were lost here", lines)), Level::warn);
  }
  put(line_of(format_now, now, level, area, message, fields), level);
}

void flush() {
  if (auto& out = writer()) out->flush();
}

}  // namespace hg::log
