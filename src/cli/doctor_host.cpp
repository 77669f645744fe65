// The doctor on the machine: clock, file descriptors, disk.
#include <fmt/format.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/timex.h>

#include <algorithm>
#include <cstring>
#include <fstream>
#include <sstream>

#include "app/limits.h"
#include "app/store.h"
#include "cli/doctor.h"

namespace hg::cli {

namespace {

constexpr Time kWritten = Time{std::chrono::sys_days{std::chrono::year{2026} / 1 / 1}};  // no clock shows less
constexpr Duration kTolerance = std::chrono::minutes(1);
constexpr std::int64_t kMega = 1'000'000;
constexpr std::string_view kSynchronise = "timedatectl set-ntp true";

// The latest moment that anything here has seen.
Time last_seen(const Patient& patient) {
  const auto& files = patient.files;
  Time last{};
  for (const std::string& path : {files.database, files.database + "-wal"}) {
    struct stat info{};
    if (::stat(path.c_str(), &info) == 0)
      last = std::max(last, from_ms(static_cast<std::int64_t>(info.st_mtim.tv_sec) * 1'000));
  }
  try {
    // Where it cannot be read the store's own line says so.
    (void)app::read_store(patient.config, files, [&](store::Connection& tx) {
      tx.exec("SELECT at FROM audit ORDER BY seq DESC LIMIT 1", {},
              [&](const store::Row& row) { last = std::max(last, row.time(0)); });
    });
  } catch (const store::Fault&) {  // the store's own line says it
  }
  return last;
}

// Of a process, from /proc; nullopt where it cannot be seen.
std::optional<std::uint64_t> descriptors_of(int process) {
  std::ifstream limits(fmt::format("/proc/{}/limits", process));
  constexpr std::string_view kName = "Max open files";
  for (std::string line; std::getline(limits, line);) {
    std::uint64_t soft = 0;
    if (line.starts_with(kName) && std::istringstream(line.substr(kName.size())) >> soft) return soft;
  }
  return std::nullopt;
}

}  // namespace

void check_clock(const Patient& patient, Findings& findings) {
  const Time last = last_seen(patient);
  if (patient.now < kWritten) {
    findings.push_back(
        {"clock", Health::fail, fmt::format("it shows {}", iso(patient.now)), std::string(kSynchronise)});
    return;
  }
  if (patient.now + kTolerance < last) {
    findings.push_back({"clock", Health::fail,
                        fmt::format("it shows {}, but the store was written at {}: what expires would stay",
                                    iso(patient.now), iso(last)),
                        std::string(kSynchronise)});
    return;
  }
  timex state{};
  const int answer = ::adjtimex(&state);
  if (answer < 0) {
    findings.push_back(
        {"clock", Health::ok, fmt::format("{}; whether it is synchronised cannot be seen", iso(patient.now))});
  } else if (answer == TIME_ERROR || (state.status & STA_UNSYNC) != 0) {
    findings.push_back({"clock", Health::warn, fmt::format("{}; it is not synchronised", iso(patient.now)),
                        std::string(kSynchronise)});
  } else {
    findings.push_back(
        {"clock", Health::ok, fmt::format("{}, synchronised within {} ms", iso(patient.now), state.maxerror / 1'000)});
  }
}

Finding judge_descriptors(std::uint64_t most, std::int64_t connections, std::string_view whose) {
  constexpr std::uint64_t kLeast = 256;
  constexpr std::uint64_t kEnough = 4'096;
  const std::string evidence = fmt::format("{} may open {} files; each live connection is one", whose, most);
  const auto left = static_cast<std::int64_t>(app::left_for_connections(most));
  const std::string fix = "LimitNOFILE=65536 in the service's unit, or ulimit -Hn 65536 before it starts";
  if (most < kLeast) return {"descriptors", Health::fail, evidence, fix};
  if (most < kEnough) return {"descriptors", Health::warn, evidence, fix};
  if (left < connections)
    return {"descriptors", Health::warn,
            fmt::format("{}; that leaves {}, and limits.connections is {}", evidence, left, connections),
            "lower limits.connections, or " + fix};
  return {"descriptors", Health::ok, evidence};
}

// A server raises its limit to the hard one.
void check_descriptors(const Patient& patient, Findings& findings) {
  if (const int process = holder_of(patient.files); process > 0) {
    if (const auto most = descriptors_of(process)) {
      findings.push_back(judge_descriptors(*most, patient.config.connections, "the server"));
      return;
    }
  }
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) == 0)
    findings.push_back(judge_descriptors(limit.rlim_max, patient.config.connections, "a server started from here"));
}

Finding judge_disk(std::int64_t free_bytes, std::int64_t all_bytes, std::int64_t free_inodes, std::int64_t all_inodes) {
  const std::string evidence = fmt::format("{} of {} free{}", readable_size(free_bytes), readable_size(all_bytes),
                                           all_inodes > 0 ? fmt::format(", {} inodes", free_inodes) : "");
  const std::string fix = "make room, or move the directory to a larger file system";
  if (free_bytes < 64 * kMega || (all_inodes > 0 && free_inodes < 16)) return {"disk", Health::fail, evidence, fix};
  if (free_bytes < 1'000 * kMega || (all_inodes > 0 && free_inodes < 1'000))
    return {"disk", Health::warn, evidence, fix};
  return {"disk", Health::ok, evidence};
}

void check_disk(const Patient& patient, Findings& findings) {
  struct statvfs disk{};
  if (patient.files.folder.empty() || ::statvfs(patient.files.folder.c_str(), &disk) != 0) return;
  const auto bytes = [&](auto blocks) {
    return static_cast<std::int64_t>(blocks) * static_cast<std::int64_t>(disk.f_frsize);
  };
  findings.push_back(judge_disk(bytes(disk.f_bavail), bytes(disk.f_blocks), static_cast<std::int64_t>(disk.f_favail),
                                static_cast<std::int64_t>(disk.f_files)));
}

}  // namespace hg::cli
