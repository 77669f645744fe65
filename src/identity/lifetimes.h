// How long things of a sign-in last.
#pragma once

#include "base/time.h"

namespace hg::identity {

inline constexpr Duration kSkew = std::chrono::seconds(60);  // between clocks
inline constexpr Duration kAccessTokenLife = std::chrono::minutes(60);
inline constexpr Duration kCodeLife = std::chrono::seconds(60);
inline constexpr Duration kDeviceCodeLife = std::chrono::minutes(15);
inline constexpr Duration kDevicePoll = std::chrono::seconds(5);
inline constexpr Duration kAssertionLife = std::chrono::minutes(10);  // as long as MSAL makes them
inline constexpr Duration kRefreshIdle = std::chrono::days(30);
inline constexpr Duration kRefreshLife = std::chrono::days(90);
inline constexpr Duration kRefreshGrace = std::chrono::seconds(10);  // for a client that missed the answer
inline constexpr Duration kSessionIdle = std::chrono::minutes(30);
inline constexpr Duration kSessionLife = std::chrono::hours(24);
// A revocation is remembered until every access token that it could mean has run out.
inline constexpr Duration kRevocationLife = kAccessTokenLife + 2 * kSkew;

}  // namespace hg::identity
