// Accounts of people.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "store/sql.h"

namespace hg::store {

struct User {
  UserId id = {};
  std::string upn = {};  // user principal name; unique without regard to case among those not removed
  std::string display_name = {}, mail = {}, locale = {}, time_zone = {};
  std::string password_hash = {};  // argon2id; "" cannot sign in by password
  bool blocked = false;
  bool admin = false;
  Time created_at{};
  std::optional<Time> removed_at = {};
  std::string totp = {};       // the sealed seed of one-time passwords (RFC 6238); "" none
  std::int64_t totp_step = 0;  // the last one whose password was used
};

namespace users {

// Code::conflict where the UPN or the id is taken.
Result<void> insert(Connection& tx, const User& user);
std::optional<User> find(Connection& tx, UserId id);  // removed ones too
std::optional<User> find_by_upn(Connection& tx, std::string_view upn);
// By UPN, behind `after` (a UPN in lower case; "" from the start).
std::vector<User> list(Connection& tx, std::string_view after = "", std::size_t limit = 100);
std::vector<UserId> blocked(Connection& tx);  // blocked or removed
std::int64_t count(Connection& tx);

// Everything but id, created_at, removed_at and totp_step. Code::not_found, Code::conflict.
Result<void> update(Connection& tx, const User& user);
// A one-time password is good once: false where this step's or a later one's was used before.
bool use_totp(Connection& tx, UserId id, std::int64_t step);
// The account stays as a tombstone, its UPN becomes free, its password goes. False where there is none.
bool remove(Connection& tx, UserId id, Time now);

}  // namespace users
}  // namespace hg::store
