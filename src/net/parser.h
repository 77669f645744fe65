// Beast's HTTP/1.1 parser, filling a Request. It sees only heads that check_head() let through.
#pragma once

#include <boost/beast/http/basic_parser.hpp>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "net/http.h"

namespace hg::net {

class RequestParser final : public boost::beast::http::basic_parser<true> {
 public:
  // Bodies over `body_limit` bytes are an error of put().
  RequestParser(Request& request, std::size_t body_limit);

  enum class State { more, done, too_large, malformed };
  // Takes bytes off the front: how many is added to `taken`.
  State take(std::string_view bytes, std::size_t& taken);

 private:
  using Text = boost::beast::string_view;
  using Error = boost::beast::error_code;

  void on_request_impl(boost::beast::http::verb, Text method, Text target, int version, Error& error) override;
  void on_response_impl(int, Text, int, Error&) override {}
  void on_field_impl(boost::beast::http::field, Text name, Text value, Error& error) override;
  void on_header_impl(Error& error) override;
  void on_body_init_impl(boost::optional<std::uint64_t> const&, Error& error) override;
  std::size_t on_body_impl(Text body, Error& error) override;
  void on_chunk_header_impl(std::uint64_t, Text extensions, Error& error) override;
  std::size_t on_chunk_body_impl(std::uint64_t, Text body, Error& error) override;
  void on_finish_impl(Error& error) override { error = {}; }

  Request& request_;
  bool in_trailer_ = false;
  std::size_t raw_left_;  // of a body with all its framing
};

}  // namespace hg::net
