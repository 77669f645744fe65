#include "net/parser.h"

#include <boost/asio/buffer.hpp>
#include <boost/beast/http/error.hpp>
#include <limits>

namespace hg::net {

namespace http = boost::beast::http;

namespace {
// Chunks of one byte cost six; more than this of framing to a byte of content is no honest client.
constexpr std::size_t kFraming = 8;
constexpr std::size_t kFramingOfNothing = 16 * 1024;
}  // namespace

RequestParser::RequestParser(Request& request, std::size_t body_limit)
    : request_(request), raw_left_(body_limit * kFraming + kFramingOfNothing) {
  eager(true);
  header_limit(std::numeric_limits<std::uint32_t>::max());  // check_head() has measured it
  this->body_limit(body_limit);
}

RequestParser::State RequestParser::take(std::string_view bytes, std::size_t& taken) {
  Error error;
  const bool head_was_done = is_header_done();
  const auto count = put(boost::asio::buffer(bytes.data(), bytes.size()), error);
  taken += count;
  if (error == http::error::body_limit) return State::too_large;
  if (error && error != http::error::need_more) return State::malformed;
  if (is_done()) return State::done;
  // What is left over is one chunk's header or the trailer: bounded like everything else.
  if (head_was_done && (count > raw_left_ || bytes.size() - count > kFramingOfNothing)) return State::too_large;
  if (head_was_done) raw_left_ -= count;
  return State::more;
}

void RequestParser::on_request_impl(http::verb, Text method, Text, int, Error& error) {
  request_.method = method;
  error = {};
}

void RequestParser::on_field_impl(http::field, Text name, Text value, Error& error) {
  // A trailer never becomes a header (RFC 9112 §7.1.2).
  if (!in_trailer_) request_.headers.add(name, value);
  error = {};
}

void RequestParser::on_header_impl(Error& error) {
  in_trailer_ = true;
  error = {};
}

void RequestParser::on_body_init_impl(boost::optional<std::uint64_t> const& length, Error& error) {
  if (length) request_.body.reserve(static_cast<std::size_t>(*length));
  error = {};
}

std::size_t RequestParser::on_body_impl(Text body, Error& error) {
  request_.body.append(body);
  error = {};
  return body.size();
}

void RequestParser::on_chunk_header_impl(std::uint64_t, Text, Error& error) { error = {}; }

std::size_t RequestParser::on_chunk_body_impl(std::uint64_t, Text body, Error& error) {
  return on_body_impl(body, error);
}

}  // namespace hg::net
