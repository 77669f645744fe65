#include "load/measure.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>

namespace hg::load {

namespace {

std::string text_of(const std::string& file) {
  std::ifstream in(file);
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}

// Fields 14 and 15 of proc(5) stat, in clock ticks; the second field may hold spaces.
std::int64_t ticks(int process) {
  const std::string text = text_of(fmt::format("/proc/{}/stat", process));
  const auto name_end = text.rfind(')');
  if (name_end == std::string::npos) return 0;
  std::istringstream fields(text.substr(name_end + 2));
  std::string skipped;
  for (int i = 3; i < 14; ++i) fields >> skipped;
  std::int64_t user = 0;
  std::int64_t system = 0;
  fields >> user >> system;
  return user + system;
}

std::int64_t kilobytes(int process, std::string_view name) {
  std::istringstream lines(text_of(fmt::format("/proc/{}/smaps_rollup", process)));
  for (std::string line; std::getline(lines, line);)
    if (line.starts_with(name)) return std::stoll(line.substr(name.size()));
  return 0;
}

}  // namespace

std::vector<int> Processes::all() const {
  std::vector<int> found = roots_;
  for (std::size_t i = 0; i < found.size(); ++i) {
    std::error_code gone;
    for (const auto& thread : std::filesystem::directory_iterator(fmt::format("/proc/{}/task", found[i]), gone)) {
      std::istringstream children(text_of(thread.path() / "children"));
      for (int child = 0; children >> child;) found.push_back(child);
    }
  }
  return found;
}

std::chrono::microseconds Processes::cpu() const {
  std::int64_t sum = 0;
  for (const int process : all()) sum += ticks(process);
  return std::chrono::microseconds(sum * 1'000'000 / ::sysconf(_SC_CLK_TCK));
}

std::int64_t Processes::pss() const {
  std::int64_t sum = 0;
  for (const int process : all()) sum += kilobytes(process, "Pss:");
  return sum * 1024;
}

std::int64_t Processes::rss() const {
  std::int64_t sum = 0;
  for (const int process : all()) sum += kilobytes(process, "Rss:");
  return sum * 1024;
}

double Latencies::at(double share) {
  if (all_.empty()) return 0;
  const auto last = static_cast<double>(all_.size() - 1);
  const auto nth = all_.begin() + static_cast<std::ptrdiff_t>(share * last);
  std::ranges::nth_element(all_, nth);
  return static_cast<double>(*nth) / 1000.0;
}

json::object Figures::json() const {
  json::object out{{"operations", operations}, {"failed", failed}, {"seconds", seconds}};
  const auto add = [&](const char* name, auto number) {
    if (number != 0) out[name] = number;
  };
  if (seconds > 0) add("perSecond", static_cast<double>(operations) / seconds);
  add("cpuUs", cpu_us);
  add("p50Ms", p50_ms);
  add("p99Ms", p99_ms);
  add("pssBytes", pss);
  add("pssBytesAfterTraffic", pss_after_traffic);
  add("rssBytes", rss);
  return out;
}

}  // namespace hg::load
