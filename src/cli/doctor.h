// What heliograph doctor looks at. Each check stands alone: it says what it saw, and the command that mends it;
// whatever is broken, the others go on.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "app/config.h"
#include "app/data.h"
#include "base/result.h"
#include "base/time.h"

namespace hg::cli {

enum class Health : std::uint8_t { ok, warn, fail };

struct Finding {
  std::string check;
  Health health = Health::ok;
  std::string evidence;
  std::string fix = {};  // a command, or what to do
};

// Whom it is about. Where the configuration cannot be read, the defaults and the directory that was named.
struct Patient {
  std::string config_file;
  app::Config config;
  app::DataFiles files;
  std::string config_mistake;  // "" where it could be read
  Time now{};
  bool offline = false;  // nobody else is asked
};

inline constexpr Duration kSoon = std::chrono::days(30);  // what ends before is worth a line

using Findings = std::vector<Finding>;

// The files (doctor_data.cpp).
void check_configuration(const Patient& patient, Findings& findings);
void check_directory(const Patient& patient, Findings& findings);
void check_server(const Patient& patient, Findings& findings);
void check_store(const Patient& patient, Findings& findings);
void check_sealing_key(const Patient& patient, Findings& findings);
// What others think of us (doctor_credentials.cpp): each is asked, 15 s at the most for all.
void check_credentials(const Patient& patient, Findings& findings);
void check_mail_relay(const Patient& patient, Findings& findings);
// The machine (doctor_host.cpp).
void check_clock(const Patient& patient, Findings& findings);
void check_descriptors(const Patient& patient, Findings& findings);
void check_disk(const Patient& patient, Findings& findings);
// The network (doctor_network.cpp).
void check_certificate(const Patient& patient, Findings& findings);
void check_listeners(const Patient& patient, Findings& findings);
void check_public_url(const Patient& patient, Findings& findings);
void check_bus(const Patient& patient, Findings& findings);  // NATS is asked, some seconds at the most

// All of them; throws nothing.
Findings examine(const std::string& config_file, const std::string& data, bool offline = false);

// Judgements, from plain numbers.
Finding judge_disk(std::int64_t free_bytes, std::int64_t all_bytes, std::int64_t free_inodes, std::int64_t all_inodes);
// `connections`: how many are configured.
Finding judge_descriptors(std::uint64_t most, std::int64_t connections, std::string_view whose);

// A size for people: "1.5 MB".
std::string readable_size(std::int64_t bytes);
// Whether there is a store to look at; where not, the directory's line says so.
bool has_store(const Patient& patient);
// The process that holds the directory; 0 where none does.
int holder_of(const app::DataFiles& files);

}  // namespace hg::cli
