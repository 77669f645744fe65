#include "store/device_codes.h"

namespace hg::store::device_codes {

namespace {

#define DEVICE_CODE_COLUMNS                                                                                         \
  "hash, user_code_hash, application_id, scopes, audience, created_at, expires_at, polled_at, interval_ms, state, " \
  "user_id, session_id"

DeviceCode code_of(const Row& row) {
  return {.hash = row.text(0),
          .user_code_hash = row.text(1),
          .application = row.id<ApplicationId>(2),
          .scopes = row.text(3),
          .audience = row.text(4),
          .created_at = row.time(5),
          .expires_at = row.time(6),
          .polled_at = row.time(7),
          .interval = Duration(row.integer(8)),
          .state = row.value<DeviceCode::State>(9),
          .user = row.maybe_id<UserId>(10),
          .session = row.maybe_guid(11)};
}

}  // namespace

bool insert(Connection& tx, const DeviceCode& code) {
  return tx.exec(
             "INSERT INTO device_codes (hash, user_code_hash, application_id, scopes, audience, created_at, "
             "expires_at, interval_ms) VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT DO NOTHING",
             {blob(code.hash), blob(code.user_code_hash), code.application, code.scopes, code.audience, code.created_at,
              code.expires_at, code.interval}) != 0;
}

std::optional<DeviceCode> find(Connection& tx, std::string_view hash) {
  return tx.first("SELECT " DEVICE_CODE_COLUMNS " FROM device_codes WHERE hash = $1", {blob(hash)}, code_of);
}

std::optional<DeviceCode> find_by_user_code(Connection& tx, std::string_view hash) {
  return tx.first("SELECT " DEVICE_CODE_COLUMNS " FROM device_codes WHERE user_code_hash = $1", {blob(hash)}, code_of);
}

void poll(Connection& tx, std::string_view hash, Duration interval, Time now) {
  tx.exec("UPDATE device_codes SET polled_at = $1, interval_ms = $2 WHERE hash = $3", {now, interval, blob(hash)});
}

bool allow(Connection& tx, std::string_view hash, UserId user, Guid session) {
  return tx.exec("UPDATE device_codes SET state = $1, user_id = $2, session_id = $3 WHERE hash = $4 AND state = $5",
                 {DeviceCode::State::allowed, user, session, blob(hash), DeviceCode::State::waiting}) != 0;
}

bool deny(Connection& tx, std::string_view hash) {
  return tx.exec("UPDATE device_codes SET state = $1 WHERE hash = $2 AND state = $3",
                 {DeviceCode::State::denied, blob(hash), DeviceCode::State::waiting}) != 0;
}

bool redeem(Connection& tx, std::string_view hash) {
  return tx.exec("UPDATE device_codes SET state = $1 WHERE hash = $2 AND state = $3",
                 {DeviceCode::State::redeemed, blob(hash), DeviceCode::State::allowed}) != 0;
}

#undef DEVICE_CODE_COLUMNS

}  // namespace hg::store::device_codes
