// Device codes (RFC 8628): an application on a device without a keyboard waits, while its user allows it elsewhere.
#pragma once

#include <optional>
#include <string>

#include "store/sql.h"

namespace hg::store {

struct DeviceCode {
  enum class State : std::uint8_t { waiting = 0, allowed = 1, denied = 2, redeemed = 3 };
  std::string hash = {};            // SHA-256 of what the device keeps
  std::string user_code_hash = {};  // and of what the user types
  ApplicationId application = {};
  std::string scopes = {};
  std::string audience = {};
  Time created_at{};
  Time expires_at{};
  Time polled_at{};
  Duration interval{};
  State state = State::waiting;
  std::optional<UserId> user = {};  // who allowed it, and in which session
  std::optional<Guid> session = {};
};

namespace device_codes {

bool insert(Connection& tx, const DeviceCode& code);  // false where the user code is taken
std::optional<DeviceCode> find(Connection& tx, std::string_view hash);
std::optional<DeviceCode> find_by_user_code(Connection& tx, std::string_view hash);
void poll(Connection& tx, std::string_view hash, Duration interval, Time now);
// One that waits: false where it does not, or no longer.
bool allow(Connection& tx, std::string_view hash, UserId user, Guid session);
bool deny(Connection& tx, std::string_view hash);
// Once: false where it is not allowed, or was redeemed before.
bool redeem(Connection& tx, std::string_view hash);

}  // namespace device_codes
}  // namespace hg::store
