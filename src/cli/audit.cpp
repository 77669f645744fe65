// heliograph audit: who changed what, and whether the log is whole.
#include <fmt/format.h>

#include <memory>

#include "base/encoding.h"
#include "cli/command.h"
#include "identity/registry.h"

namespace hg::cli {

namespace {

struct Options : Common {
  std::string head;
  int top = 100;
};

const std::vector<Column> kColumns = {
    {"#", "sequence"}, {"WHEN", "dateTime"}, {"WHO", "actor"}, {"WHAT", "action"}, {"TO WHOM", "subject"}};

Result<void> list(const Options& options, Door& door) {
  HG_TRY(const json::value all, door.admin("GET", fmt::format("/audit?$top={}", options.top)));
  options.json ? print_json(all.at("value")) : print_table(all.at("value").as_array(), kColumns);
  return {};
}

Result<void> verify(const Options& options, Door& door) {
  const std::string query = options.head.empty() ? "" : "?head=" + percent_encode(options.head);
  HG_TRY(const json::value found, door.admin("GET", "/audit/verification" + query));
  options.json ? print_json(found) : print_object(found);
  if (found.at("whole").as_bool()) return {};
  return fail(Code::conflict, readable(found.at("reason")));
}

std::string wrong_head(const Options& options) {
  if (options.head.empty() || identity::is_audit_head(options.head)) return "";
  return fmt::format("--head {}: it is SEQUENCE:HASH, whole, as verify printed it", options.head);
}

}  // namespace

void add_audit(Command program) {
  auto options = std::make_shared<Options>();
  const Command noun = program.command("audit", "who changed what");
  const auto verb = [&](const char* name, const char* sentence, Result<void> (*work)(const Options&, Door&)) {
    const Command command = noun.command(name, sentence);
    add_common(command, *options);
    command.runs([options, work] { return with_door(*options, [&](Door& door) { return work(*options, door); }); });
    return command;
  };
  verb("list", "the log, newest first", list)
      .option("--top", options->top, "how many entries")
      .between(1, 1000)
      .otherwise("100");
  const Command verifying =
      verb("verify", "whether any entry was changed or taken out; prints the head, to be kept elsewhere", verify);
  verifying.option("--head", options->head,
                   "a head that was printed before: also whether the log still begins with it");
  verifying.check([options] { return wrong_head(*options); });
}

}  // namespace hg::cli
