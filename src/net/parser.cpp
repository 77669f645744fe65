#include "net/parser.h"

#include <boost/asio/buffer.hpp>
#include <boost/beast/http/basic_parser.hpp>
#include <cstdint>
#include <limits>

namespace hg::net {

namespace http = boost::beast::http;

namespace {

class HeadParser final : public http::basic_parser<true> {
 public:
  explicit HeadParser(Request& request) : request_(request) {
    header_limit(std::numeric_limits<std::uint32_t>::max());  // check_head() has measured it
    body_limit(boost::none);                                  // and BodyReader will
  }

 private:
  using Text = boost::beast::string_view;
  using Error = boost::beast::error_code;

  void on_request_impl(http::verb, Text method, Text, int, Error&) override { request_.method = method; }
  void on_field_impl(http::field, Text name, Text value, Error&) override { request_.headers.add(name, value); }
  void on_response_impl(int, Text, int, Error&) override {}
  void on_header_impl(Error&) override {}
  void on_body_init_impl(boost::optional<std::uint64_t> const&, Error&) override {}
  std::size_t on_body_impl(Text, Error&) override { return 0; }
  void on_chunk_header_impl(std::uint64_t, Text, Error&) override {}
  std::size_t on_chunk_body_impl(std::uint64_t, Text, Error&) override { return 0; }
  void on_finish_impl(Error&) override {}

  Request& request_;
};

}  // namespace

bool parse_head(std::string_view raw, Request& request) {
  HeadParser parser(request);
  boost::beast::error_code error;
  const auto taken = parser.put(boost::asio::buffer(raw.data(), raw.size()), error);
  return !error && parser.is_header_done() && taken == raw.size();
}

}  // namespace hg::net
