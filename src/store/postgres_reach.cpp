#include "store/postgres_reach.h"

#include <fmt/format.h>

#include <algorithm>
#include <memory>

#include "store/sql.h"

namespace hg::store {
namespace postgres {
namespace {

using Parameters = std::unique_ptr<PQconninfoOption, decltype(&PQconninfoFree)>;

Parameters parsed(const std::string& url) {
  char* why = nullptr;
  Parameters found(PQconninfoParse(url.c_str(), &why), &PQconninfoFree);
  const std::unique_ptr<char, decltype(&PQfreemem)> freed(why, &PQfreemem);
  // What libpq says of it may quote it, the password too.
  if (!found)
    throw Fault(Fault::Kind::other, "the store's URL is not what PostgreSQL takes: postgresql://USER@HOST/NAME");
  return found;
}

// But for what the URL's own `options` set.
std::string settings_of(const PostgresOptions& options, std::string_view theirs) {
  // A plan is made once for all parameters, and by an index where there is one: of a table that was empty when it was
  // planned it would otherwise read all rows for as long as nobody has analysed it.
  const std::pair<std::string_view, std::string> ours[] = {
      {"statement_timeout", std::to_string(options.statement.count())},
      {"lock_timeout", std::to_string(options.lock.count())},
      {"idle_in_transaction_session_timeout", std::to_string(options.idle.count())},
      {"jit", "off"},
      {"plan_cache_mode", "force_generic_plan"},
      {"enable_seqscan", "off"}};
  std::string text = "SELECT true";
  for (const auto& [name, value] : ours)
    if (!theirs.contains(name)) text += fmt::format(", set_config('{}', '{}', false)", name, value);
  return text;
}

}  // namespace

Reach::Reach(const PostgresOptions& options, std::string_view application) {
  const Parameters named = parsed(options.url);
  std::string_view theirs;
  for (const PQconninfoOption* one = named.get(); one->keyword != nullptr; ++one) {
    if (one->val == nullptr) continue;
    add(one->keyword, one->val);
    if (std::string_view(one->keyword) == "options") theirs = one->val;
  }
  settings_ = settings_of(options, theirs);
  add("client_encoding", "UTF8");
  otherwise("connect_timeout", "3");
  otherwise("tcp_user_timeout", "10000");
  otherwise("target_session_attrs", "read-write");  // readers too: what was written is read at once
  otherwise("application_name", application);
}

void Reach::add(std::string name, std::string value) { all_.emplace_back(std::move(name), std::move(value)); }

void Reach::otherwise(std::string_view name, std::string_view value) {
  if (std::ranges::find(all_, name, &std::pair<std::string, std::string>::first) == all_.end())
    add(std::string(name), std::string(value));
}

PGconn* Reach::connect() const {
  std::vector<const char*> names, values;
  for (const auto& [name, value] : all_) {
    names.push_back(name.c_str());
    values.push_back(value.c_str());
  }
  names.push_back(nullptr);
  values.push_back(nullptr);
  return PQconnectdbParams(names.data(), values.data(), 0);
}

}  // namespace postgres

std::string readable_url(const std::string& url) {
  const auto named = postgres::parsed(url);
  const auto value = [&](std::string_view name) -> std::string {
    for (const PQconninfoOption* one = named.get(); one->keyword != nullptr; ++one)
      if (name == one->keyword && one->val != nullptr) return one->val;
    return "";
  };
  const std::string port = value("port");
  return fmt::format("postgresql://{}{}{}/{}", value("host"), port.empty() ? "" : ":", port, value("dbname"));
}

}  // namespace hg::store
