// The doctor on files: configuration, data directory, the server on it, store, sealing key.
#include <fcntl.h>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "app/store.h"
#include "cli/doctor.h"
#include "cli/door.h"
#include "identity/registry.h"
#include "store/examine.h"
#include "store/file.h"
#include "store/postgres.h"

namespace hg::cli {

namespace fs = std::filesystem;

namespace {

constexpr std::int64_t kLargeLog = 256 * 1024 * 1024;

// Others may read it, or it is somebody else's.
void check_private(const std::string& path, mode_t right, Findings& findings) {
  struct stat info{};
  if (::stat(path.c_str(), &info) != 0) return;
  if ((info.st_mode & 0077) != 0)
    findings.push_back({"directory", Health::fail,
                        fmt::format("{} is open to others ({:o})", path, info.st_mode & 0777),
                        fmt::format("chmod {:o} {}", right, path)});
  if (info.st_uid != ::geteuid() && ::geteuid() != 0)
    findings.push_back({"directory", Health::warn,
                        fmt::format("{} belongs to user {}, this is user {}", path, info.st_uid, ::geteuid()),
                        fmt::format("run this as its owner, or chown {} {}", ::geteuid(), path)});
}

std::string schema_text(const store::Examination& seen) {
  return fmt::format("schema {} (this program knows {}), {} in {} pages, {} of them free, log {}", seen.schema,
                     seen.newest_schema, readable_size(seen.pages * seen.page_size), seen.pages, seen.free_pages,
                     readable_size(seen.log_bytes));
}

}  // namespace

int holder_of(const app::DataFiles& files) {
  const int descriptor = ::open(files.lock.c_str(), O_RDONLY | O_CLOEXEC);
  if (descriptor < 0) return 0;
  const bool held = ::flock(descriptor, LOCK_SH | LOCK_NB) != 0 && errno == EWOULDBLOCK;
  ::close(descriptor);
  int process = 0;
  if (held) std::ifstream(files.lock) >> process;
  return process;
}

void check_configuration(const Patient& patient, Findings& findings) {
  if (!patient.config_mistake.empty()) {
    findings.push_back(
        {"configuration", Health::fail, patient.config_mistake, "heliograph serve --check-config shows every key"});
    return;
  }
  const std::string source = patient.config_file.empty() ? "no file: defaults" : patient.config_file;
  const std::size_t variables = app::environment_names().size();
  findings.push_back(
      {"configuration", Health::ok,
       fmt::format("{}{}", source, variables == 0 ? "" : fmt::format(", {} HELIOGRAPH_ variables", variables))});
}

void check_directory(const Patient& patient, Findings& findings) {
  const auto& files = patient.files;
  if (files.folder.empty()) {
    findings.push_back({"directory", Health::fail, "no data directory is named", "heliograph doctor --data DIR"});
    return;
  }
  const std::string make = fmt::format("heliograph init --data {}", files.folder);
  if (!fs::is_directory(files.folder)) {
    findings.push_back({"directory", Health::fail, files.folder + " is no directory", make});
    return;
  }
  if (const auto usable = app::check_deployment(files, app::Use::read);
      !usable && !app::on_server(patient.config) && usable.error().code == Code::unavailable) {
    findings.push_back({"directory", Health::fail, usable.error().message});
    return;
  }
  if (!has_store(patient)) {
    const bool key = fs::exists(files.sealing_key);
    findings.push_back({"directory", Health::fail, files.database + " is missing",
                        key ? "heliograph restore --from BACKUP --data ANOTHER_DIR" : make});
    return;
  }
  const std::size_t before = findings.size();
  check_private(files.folder, 0700, findings);
  for (const std::string& path :
       {files.database, files.database + "-wal", files.database + "-shm", files.sealing_key, files.lock, files.tls_key})
    check_private(path, 0600, findings);
  if (findings.size() == before) findings.push_back({"directory", Health::ok, files.folder + ", closed to others"});
}

void check_server(const Patient& patient, Findings& findings) {
  const auto& files = patient.files;
  const int holder = holder_of(files);
  if (!app::is_served(files)) {
    if (holder == 0) {
      findings.push_back({"server", Health::ok, "none runs here"});
    } else {
      findings.push_back({"server", Health::fail,
                          fmt::format("process {} holds {} and does not answer on its socket", holder, files.folder),
                          fmt::format("kill {}", holder)});
    }
    return;
  }
  const auto answer = Http::at_socket(files.socket).send({"GET", "/readyz"});
  if (answer && answer->status == 200) {
    findings.push_back({"server", Health::ok, fmt::format("process {} answers and is ready", holder)});
  } else {
    const std::string seen = answer ? fmt::format("{} {}", answer->status, answer->body) : answer.error().message;
    findings.push_back({"server", Health::fail, fmt::format("process {} is not ready: {}", holder, seen),
                        "its log says why; the lines below may too"});
  }
}

bool has_store(const Patient& patient) {
  std::error_code hidden;
  return app::on_server(patient.config) || fs::exists(patient.files.database, hidden);
}

namespace {

Finding judge_server(const store::ServerExamination& seen, const std::string& where, const std::string& data) {
  const std::string evidence =
      fmt::format("{} (PostgreSQL {}), schema {} (this program knows {}), {}, answers in {} ms", where, seen.version,
                  seen.schema, seen.newest_schema, readable_size(seen.bytes), seen.answer.count());
  if (seen.schema == 0)
    return {"store", Health::fail, "no deployment was made in it: " + evidence,
            fmt::format("heliograph init --data {} --config FILE", data)};
  if (seen.oldest_program > seen.newest_schema)
    return {"store", Health::fail, "it is of a newer program: " + evidence,
            "run the heliograph that made it, or a newer one"};
  if (seen.broken)
    return {"store", Health::fail,
            fmt::format("line {} of the audit log does not follow from the one before", *seen.broken),
            "restore the database, then heliograph restore --new-epoch"};
  if (!seen.weakened.empty())
    return {"store", Health::fail,
            fmt::format("what is answered as kept may be lost: {}; {}", fmt::join(seen.weakened, ", "), evidence),
            "set them on in postgresql.conf"};
  if (seen.schema < seen.newest_schema)
    return {"store", Health::warn, "the next start brings it up to date: " + evidence,
            "back the database up before it"};
  return {"store", Health::ok, evidence};
}

void check_server_store(const Patient& patient, Findings& findings) {
  const auto options = app::store_of(patient.config, patient.files);
  if (!options) {
    findings.push_back({"store", Health::fail, options.error().message, "set store in the configuration"});
    return;
  }
  try {
    findings.push_back(
        judge_server(store::examine_server(options->url), store::readable_url(options->url), patient.files.folder));
  } catch (const store::Fault& fault) {
    findings.push_back({"store", Health::fail, fault.what(), "start the database, or mend store in the configuration"});
  }
}

}  // namespace

void check_store(const Patient& patient, Findings& findings) {
  if (app::on_server(patient.config)) return check_server_store(patient, findings);
  const auto& files = patient.files;
  if (!has_store(patient)) return;  // said by the directory's line
  const std::string restore = "heliograph restore --from BACKUP --data ANOTHER_DIR";
  store::Examination seen;
  try {
    seen = store::examine_file(files.database);
  } catch (const store::Fault& fault) {
    findings.push_back({"store", Health::fail, fault.what(), restore});
    return;
  }
  if (!seen.problems.empty()) {
    findings.push_back({"store", Health::fail, seen.problems.front(), restore});
  } else if (seen.oldest_program > seen.newest_schema) {
    findings.push_back({"store", Health::fail, "it is of a newer program: " + schema_text(seen),
                        "run the heliograph that made it, or a newer one"});
  } else if (seen.schema < seen.newest_schema) {
    findings.push_back({"store", Health::warn, "the next start brings it up to date: " + schema_text(seen),
                        fmt::format("heliograph backup --data {} --to FILE, before it", files.folder)});
  } else if (seen.log_bytes > kLargeLog) {
    findings.push_back({"store", Health::warn, "the write-ahead log is large: " + schema_text(seen),
                        "end what reads the store for long (a backup, sqlite3)"});
  } else {
    findings.push_back({"store", Health::ok, "whole; " + schema_text(seen)});
  }
}

void check_sealing_key(const Patient& patient, Findings& findings) {
  const auto& files = patient.files;
  if (!has_store(patient)) return;
  const auto key = app::read_sealing_key(patient.config, files);
  if (!key) {
    findings.push_back({"sealing key", Health::fail, key.error().message,
                        fmt::format("put back the key of a backup as {}, mode 600", files.sealing_key)});
    return;
  }
  bool opens = false;
  const auto read = app::read_store(patient.config, files,
                                    [&](store::Connection& tx) { opens = identity::Registry::opens(tx, *key); });
  if (!read) return;  // said by the store's line
  if (opens) {
    findings.push_back({"sealing key", Health::ok, "opens what it sealed"});
  } else {
    findings.push_back({"sealing key", Health::fail, "it does not open what is in the store: it is another store's",
                        fmt::format("put back the key of a backup as {}, mode 600", files.sealing_key)});
  }
}

}  // namespace hg::cli
