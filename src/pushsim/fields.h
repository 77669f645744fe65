// Reading what requests say: headers, claims, payloads.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>

#include "base/json.h"
#include "base/time.h"
#include "pushsim/exchange.h"

namespace hg::pushsim {

// A number without sign; nullopt for anything else, and for more than 15 digits.
std::optional<std::int64_t> digits(std::string_view text);

std::optional<std::string> text_in(const json::object& object, std::string_view member);
// That `member` is not what is `right`: "\"times\" must be a number from 1".
std::unexpected<Error> must_be(std::string_view member, std::string_view right);
// A NumericDate (RFC 7519 §2); within what a Time can hold.
std::optional<Time> seconds_in(const json::object& object, std::string_view member);
// A member that is an object, or null.
const json::object* object_in(const json::object& object, std::string_view member);

// The origin that the request was sent to, as its client wrote it: "https://localhost:8091".
std::string origin_of(const Call& call);

// Those of the `wanted` that are there, named as wanted.
json::object headers_in(const net::Request& request, std::initializer_list<std::string_view> wanted);

// `text` under `name`, and what it is as JSON where it is that, under `name` + "Json". Bytes that are no UTF-8 go under
// `name` + "Base64" instead.
void put_text(json::object& details, std::string_view name, std::string_view text);

}  // namespace hg::pushsim
