// heliograph doctor: is this deployment well, and if not, what mends it.
#include "cli/doctor.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <exception>
#include <memory>
#include <utility>

#include "cli/command.h"

namespace hg::cli {

namespace {

struct Options {
  std::string data, config;
  bool json = false, offline = false;
};

constexpr std::pair<std::string_view, void (*)(const Patient&, Findings&)> kChecks[] = {
    {"configuration", check_configuration},
    {"directory", check_directory},
    {"server", check_server},
    {"store", check_store},
    {"sealing key", check_sealing_key},
    {"credentials", check_credentials},
    {"mail relay", check_mail_relay},
    {"clock", check_clock},
    {"certificate", check_certificate},
    {"listeners", check_listeners},
    {"public url", check_public_url},
    {"bus", check_bus},
    {"descriptors", check_descriptors},
    {"disk", check_disk},
};

Patient patient_of(const std::string& config_file, const std::string& data, bool offline) {
  app::Config config;
  std::string mistake;
  if (auto read = configuration(config_file, data)) {
    config = std::move(*read);
  } else {
    mistake = read.error().message;
    config.data = data;
  }
  app::DataFiles files(config.data);
  return {config_file, std::move(config), std::move(files), std::move(mistake), SystemClock().now(), offline};
}

std::string_view word(Health health) {
  if (health == Health::ok) return "ok";
  return health == Health::warn ? "warn" : "FAIL";
}

std::string_view colour(Health health) {
  if (::isatty(STDOUT_FILENO) == 0) return "";
  if (health == Health::ok) return "\x1b[32m";
  return health == Health::warn ? "\x1b[33m" : "\x1b[31m";
}

void print(const Findings& findings) {
  for (const Finding& finding : findings) {
    const auto paint = colour(finding.health);
    fmt::print("{}{:<4}{}  {:<13}  {}{}\n", paint, word(finding.health), paint.empty() ? "" : "\x1b[0m", finding.check,
               finding.evidence, finding.fix.empty() ? "" : "; mend it: " + finding.fix);
  }
}

void print_as_json(const Findings& findings, bool well) {
  json::array checks;
  for (const Finding& finding : findings)
    checks.push_back({{"check", finding.check},
                      {"state", word(finding.health)},
                      {"evidence", finding.evidence},
                      {"fix", finding.fix.empty() ? json::value(nullptr) : json::value(finding.fix)}});
  print_json(json::value{{"healthy", well}, {"checks", checks}});
}

int doctor(const Options& options) {
  const Findings findings = examine(options.config, options.data, options.offline);
  const bool well = std::ranges::none_of(findings, [](const Finding& f) { return f.health == Health::fail; });
  options.json ? print_as_json(findings, well) : print(findings);
  return well ? kDone : kFailed;
}

}  // namespace

// A check that faults has found something: the line says what.
Findings examine(const std::string& config_file, const std::string& data, bool offline) {
  const Patient patient = patient_of(config_file, data, offline);
  Findings findings;
  for (const auto& [name, check] : kChecks) {
    try {
      check(patient, findings);
    } catch (const std::exception& fault) {
      findings.push_back({std::string(name), Health::fail, fault.what()});
    }
  }
  return findings;
}

std::string readable_size(std::int64_t bytes) {
  constexpr std::string_view kUnits[] = {"B", "kB", "MB", "GB", "TB"};
  double size = static_cast<double>(bytes);
  std::size_t unit = 0;
  for (; size >= 1000 && unit + 1 < std::size(kUnits); ++unit) size /= 1000;
  return fmt::format("{:.{}f} {}", size, unit == 0 ? 0 : 1, kUnits[unit]);
}

void add_doctor(Command program) {
  auto options = std::make_shared<Options>();
  const Command command =
      program.command("doctor", "check configuration, store, keys, credentials, clock, network and disk");
  command.option("--data", options->data, "the data directory");
  command.option("--config", options->config, "TOML file of the server");
  command.flag("--offline", options->offline, "ask no push platform, no mail relay and no NATS");
  command.flag("--json", options->json, "print JSON");
  command.runs([options] { return doctor(*options); });
}

}  // namespace hg::cli
