// What the platforms' answers have in common.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/json.h"
#include "net/client.h"
#include "push/provider_token.h"
#include "push/sender.h"

namespace hg::push {

Verdict delivered();
Verdict rejected(std::string reason, bool alarm = false);
Verdict gone(std::string reason);
Verdict broken_credentials(std::string reason);  // with an alarm
// Of one endpoint, or of all that are at the destination.
Verdict retry(std::string reason, std::optional<Duration> after = {});
Verdict retry_everywhere(std::string reason, std::optional<Duration> after = {});

// The platform was not reached, or cut the answer off.
Verdict verdict_of(const net::Unreached& unreached);

// Retry-After (RFC 9110 §10.2.3): seconds or a date; nullopt where there is none, or none that can be read.
std::optional<Duration> retry_after(const net::Answer& answer, Time now);

// A field's value as text; "" where there is none.
std::string field(const net::Answer& answer, std::string_view name);
// The body where it is a JSON object; else an empty one, for what stands before the platform answers in HTML.
json::object object_in(const net::Answer& answer);
// A text member; "" where it is none.
std::string text_in(const json::object& object, std::string_view name);
// The member where it is an object; else an empty one.
const json::object& object_in(const json::object& object, std::string_view name);

// What a token service (RFC 6749 §5) answered: the token, or why there is none.
ProviderToken::Answer token_in(const net::Reached<net::Answer>& answer, Time now);

// application/x-www-form-urlencoded
std::string form(std::initializer_list<std::pair<std::string_view, std::string_view>> fields);

}  // namespace hg::push
