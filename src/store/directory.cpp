#include "store/directory.h"

#include "base/json.h"

namespace hg::store {

namespace {

// What is read back was written here, so a mistake in it is a broken store.
json::array array_of(std::string_view text) {
  auto parsed = parse_json(text);
  if (!parsed || !parsed->is_array()) throw Fault(Fault::Kind::other, "a list in the directory is not JSON");
  return std::move(parsed->as_array());
}

}  // namespace

std::int64_t directory_version(Connection& tx) {
  return tx
      .first("SELECT version FROM directory_version WHERE only_row = 1", {},
             [](const Row& row) { return row.integer(0); })
      .value_or(0);
}

void lock_directory(Connection& tx) { tx.exec("SELECT version FROM directory_version WHERE only_row = 1 FOR UPDATE"); }

void bump_directory(Connection& tx) {
  tx.exec("UPDATE directory_version SET version = version + 1 WHERE only_row = 1");
}

std::string to_json(const std::vector<std::string>& texts) {
  std::string out;
  JsonWriter writer(out);
  writer.array();
  for (const auto& text : texts) writer.value(text);
  writer.end();
  return out;
}

std::vector<std::string> texts_from_json(std::string_view text) {
  std::vector<std::string> texts;
  for (const auto& entry : array_of(text)) texts.emplace_back(entry.as_string());
  return texts;
}

std::string to_json(const std::vector<std::pair<std::string, std::string>>& pairs) {
  std::string out;
  JsonWriter writer(out);
  writer.array();
  for (const auto& [first, second] : pairs) writer.array().value(first).value(second).end();
  writer.end();
  return out;
}

std::vector<std::pair<std::string, std::string>> pairs_from_json(std::string_view text) {
  std::vector<std::pair<std::string, std::string>> pairs;
  for (const auto& entry : array_of(text)) {
    const auto& pair = entry.as_array();
    pairs.emplace_back(pair.at(0).as_string(), pair.at(1).as_string());
  }
  return pairs;
}

}  // namespace hg::store
