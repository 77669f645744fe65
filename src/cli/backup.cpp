// heliograph backup and heliograph restore: a copy of everything under a passphrase, and a deployment out of it.
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <unistd.h>

#include <memory>

#include "app/backup.h"
#include "cli/command.h"

namespace hg::cli {

namespace {

struct Options {
  std::string data, config, file, passphrase_file;
  bool new_epoch = false;
  bool json = false;
};

// On a terminal only, and gone when the work is.
class Meter {
 public:
  ~Meter() {
    if (shown_ >= 0) fmt::print(stderr, "\r\x1b[K");
  }
  void operator()(std::string_view doing, std::int64_t done, std::int64_t all) {
    const std::int64_t percent = all > 0 ? done * 100 / all : 100;
    if (::isatty(STDERR_FILENO) == 0 || (percent == shown_ && doing == doing_)) return;
    shown_ = percent;
    doing_ = doing;
    fmt::print(stderr, "\r\x1b[K{} {} %", doing, percent);
  }

 private:
  std::int64_t shown_ = -1;
  std::string doing_;
};

json::array listed(const std::vector<std::string>& names) {
  json::array array;
  for (const std::string& name : names) array.emplace_back(name);
  return array;
}

Result<void> back_up(const Options& options) {
  HG_TRY(const auto config, configuration(options.config, options.data));
  HG_TRY(const std::string passphrase, read_passphrase(options.passphrase_file, Passphrase::made));
  const auto made = [&] {
    Meter meter;
    return app::back_up(config, options.config, options.file, passphrase, meter);
  }();
  if (!made) return fail(made.error());
  if (options.json) {
    print_json(json::value{{"file", options.file},
                           {"dateTime", iso(made->made)},
                           {"bytes", made->bytes},
                           {"storeBytes", made->store_bytes},
                           {"files", listed(made->files)}});
  } else {
    fmt::print("{}: {:.1f} MB with {}\nIt opens with the passphrase alone; keep that apart from it.\n", options.file,
               static_cast<double>(made->bytes) / 1e6, fmt::join(made->files, ", "));
    if (made->store_bytes == 0) fmt::print("The store is not in it: back the database up with pg_dump or as you do.\n");
  }
  return {};
}

Result<void> restore(const Options& options) {
  HG_TRY(const std::string passphrase, read_passphrase(options.passphrase_file, Passphrase::known));
  const auto restored = [&] {
    Meter meter;
    return app::restore(options.file, options.data, passphrase, meter);
  }();
  if (!restored) return fail(restored.error());
  if (options.json) {
    print_json(json::value{{"data", options.data},
                           {"backupDateTime", iso(restored->made)},
                           {"backupVersion", restored->version},
                           {"epoch", restored->epoch == 0 ? json::value(nullptr) : json::value(restored->epoch)},
                           {"files", listed(restored->files)}});
  } else {
    fmt::print("{}: as it was at {}, with {}\n{}. Start it: heliograph serve --data {}\n", options.data,
               readable_time(restored->made), fmt::join(restored->files, ", "),
               restored->epoch == 0
                   ? "The store is not in it; once the database is restored: heliograph restore --new-epoch"
                   : "Clients start their sync again",
               options.data);
  }
  return {};
}

Result<void> new_epoch(const Options& options) {
  HG_TRY(const auto config, configuration(options.config, options.data));
  HG_TRY(const auto epoch, app::renew_epoch(config));
  if (options.json) {
    print_json(json::value{{"data", config.data}, {"epoch", epoch}});
  } else {
    fmt::print("{}: epoch {}; clients start their sync again\n", config.data, epoch);
  }
  return {};
}

int finished(const Result<void>& done) { return done ? kDone : report(done.error()); }

void add_passphrase(Command command, Options& options) {
  command.option("--passphrase-file", options.passphrase_file,
                 "file with the passphrase, - for standard input (or HELIOGRAPH_PASSPHRASE, or asked for)");
  command.flag("--json", options.json, "print JSON");
}

}  // namespace

void add_backup(Command program) {
  auto options = std::make_shared<Options>();
  const Command command =
      program.command("backup", "copy the store and the keys into one sealed file, also while a server runs");
  command.option("--data", options->data, "the data directory").required();
  command.option("--config", options->config, "TOML file of the server; it is put in too");
  command.option("--to", options->file, "the file to make; an earlier backup there is replaced").required();
  add_passphrase(command, *options);
  command.runs([options] { return finished(back_up(*options)); });
}

void add_restore(Command program) {
  auto options = std::make_shared<Options>();
  const Command command = program.command(
      "restore", "make a data directory out of a backup; clients with newer tokens start their sync again");
  command.option("--data", options->data, "the directory to make; with --new-epoch the one there is").required();
  command.option("--config", options->config, "TOML file of the server, with --new-epoch");
  const Option from = command.option("--from", options->file, "the backup");
  command
      .flag("--new-epoch", options->new_epoch,
            "give the store a new epoch: to be run once after it was put back by other means")
      .excludes(from);
  add_passphrase(command, *options);
  command.check(
      [options] { return options->new_epoch || !options->file.empty() ? "" : "--from or --new-epoch is required"; });
  command.runs([options] { return finished(options->new_epoch ? new_epoch(*options) : restore(*options)); });
}

}  // namespace hg::cli
