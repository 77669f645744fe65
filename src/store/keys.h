// The keys that sign tokens; private halves are sealed before they come here.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "store/sql.h"

namespace hg::store {

struct SigningKey {
  enum class State : std::uint8_t { next = 0, current = 1, retired = 2 };
  std::string kid = {};
  std::string algorithm = {};       // "RS256", "ES256"
  std::string sealed_private = {};  // bytes
  std::string public_jwk = {};      // JSON
  State state = State::next;
  Time created_at{};
  std::optional<Time> activated_at = {};
  std::optional<Time> retired_at = {};
};

namespace keys {

void insert(Connection& tx, const SigningKey& key);
std::optional<SigningKey> find(Connection& tx, std::string_view kid);
std::vector<SigningKey> list(Connection& tx);  // newest first
// `kid` signs from now on; whichever did is retired. False where there is none.
bool activate(Connection& tx, std::string_view kid, Time now);
bool retire(Connection& tx, std::string_view kid, Time now);
bool remove(Connection& tx, std::string_view kid);

}  // namespace keys
}  // namespace hg::store
