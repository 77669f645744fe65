#include "net/head.h"

#include <gtest/gtest.h>

#include <string>

#include "net/smuggling_for_tests.h"

namespace hg::net {
namespace {

constexpr HeadLimits kLimits;

std::expected<Head, Refusal> check(std::string_view fields, std::string_view line = "POST /x HTTP/1.1") {
  static std::string raw;
  raw = std::string(line).append("\r\n").append(fields).append("\r\n");
  return check_head(raw, kLimits);
}

int status(const std::expected<Head, Refusal>& head) { return head ? 200 : head.error().status; }

// What the server does with bytes, up to the body.
int status_of_stream(std::string_view bytes, const HeadLimits& limits = kLimits) {
  std::size_t scanned = 0;
  const auto end = find_head(bytes, scanned, limits);
  if (!end) return end.error().status;
  if (!*end) return 0;
  return status(check_head(bytes.substr(0, **end), limits));
}

TEST(Head, refuses_every_smuggling_shape_that_shows_in_the_head) {
  for (const auto& vector : kSmuggled) {
    if (vector.name.starts_with("chunk_")) continue;  // shows in the body: see Server
    EXPECT_EQ(status_of_stream(vector.bytes), 400) << vector.name;
  }
}

TEST(Head, takes_what_honest_clients_send) {
  EXPECT_EQ(status(check("Host: h\r\nContent-Length: 0\r\nContent-Type: application/json\r\n", "GET /x HTTP/1.1")),
            200);
  EXPECT_EQ(status(check("Host: h\r\nContent-Length: 0\r\n", "DELETE /x HTTP/1.1")), 200);
  EXPECT_EQ(status(check("Host: [::1]:8080\r\nIf-None-Match:\r\nX-AFS-CV: \r\n")), 200);
  EXPECT_EQ(status(check("", "GET /x HTTP/1.0")), 200);
  EXPECT_EQ(status(check("Host: h\r\nTransfer-Encoding: Chunked\r\n")), 200);
  EXPECT_EQ(status(check("Host: h\r\n", "OPTIONS * HTTP/1.1")), 200);
  EXPECT_EQ(status(check("Host: h\r\nX-Name: \xc3\xa9\r\n")), 200);
}

TEST(Head, tells_how_the_body_is_framed) {
  EXPECT_TRUE(check("Host: h\r\nTransfer-Encoding: chunked\r\n")->chunked);
  EXPECT_EQ(check("Host: h\r\nContent-Length: 17\r\n")->content_length, 17U);
  EXPECT_EQ(check("Host: h\r\n")->content_length, std::nullopt);
}

TEST(Head, reads_an_absolute_target_that_names_the_host) {
  EXPECT_EQ(check("Host: h:80\r\n", "GET http://H:80/a?b HTTP/1.1")->target, "/a?b");
  EXPECT_EQ(status(check("Host: h\r\n", "GET http://i/a HTTP/1.1")), 400);
  EXPECT_EQ(status(check("Host: h\r\n", "CONNECT h:443 HTTP/1.1")), 400);
}

TEST(Head, refuses_what_is_not_well_formed) {
  for (const std::string_view fields :
       {"Host: h\r\nAuthorization: a\r\nauthorization: b\r\n", "Host: a, b\r\n", "Host: u@h\r\n", "Host: h/x\r\n",
        "Host: h\r\nX: a\x01\r\n", "Host: h\r\nX: a\rb\r\n", "Host: h\r\nno colon\r\n", "Host: h\r\n: x\r\n",
        " Host: h\r\n", "Host: h\r\nX: a\r\n\tb\r\n", "Host: h\r\nContent-Length: \r\n",
        "Host: h\r\nContent-Length: -1\r\n", "Host: h\r\nContent-Length: 99999999999999999999\r\n",
        "Host: h\r\nContent-Length: 1 \v\r\n"}) {
    EXPECT_EQ(status(check(fields)), 400) << fields;
  }
  for (const std::string_view line :
       {"GET  /x HTTP/1.1", "GET /x  HTTP/1.1", "GET /x", "G@T /x HTTP/1.1", "GET x HTTP/1.1", "GET /x#y HTTP/1.1",
        "GET /\x80 HTTP/1.1", "GET /x http/1.1", " GET /x HTTP/1.1"}) {
    EXPECT_EQ(status(check("Host: h\r\n", line)), 400) << line;
  }
  EXPECT_EQ(status(check("Host: h\r\n", "PRI * HTTP/2.0")), 505);
  EXPECT_EQ(status(check("Host: h\r\n", "GET /x HTTP/1.2")), 505);
}

TEST(Head, bounds_the_request_line) {
  const auto line = [](std::size_t size) {
    return "GET /" + std::string(size - sizeof("GET / HTTP/1.1") + 1, 'a') + " HTTP/1.1\r\nHost: h\r\n\r\n";
  };
  EXPECT_EQ(status_of_stream(line(8192)), 200);
  EXPECT_EQ(status_of_stream(line(8193)), 414);
  EXPECT_EQ(status_of_stream("GET /" + std::string(8192, 'a')), 414);  // and it has not even ended
}

TEST(Head, bounds_the_fields) {
  const auto sized = [](std::size_t size) {
    return "GET / HTTP/1.1\r\nHost: h\r\nX: " + std::string(size - sizeof("Host: h\r\nX: \r\n") + 1, 'a') + "\r\n\r\n";
  };
  EXPECT_EQ(status_of_stream(sized(16384)), 200);
  EXPECT_EQ(status_of_stream(sized(16385)), 431);
  EXPECT_EQ(status_of_stream("GET / HTTP/1.1\r\nX: " + std::string(17000, 'a')), 431);
  const auto many = [](std::size_t count) {
    std::string text = "GET / HTTP/1.1\r\nHost: h\r\n";
    for (std::size_t field = 1; field < count; ++field) text += "X: y\r\n";
    return text + "\r\n";
  };
  EXPECT_EQ(status_of_stream(many(100)), 200);
  EXPECT_EQ(status_of_stream(many(101)), 431);
}

TEST(Head, is_found_however_it_is_cut_into_pieces) {
  const std::string text = "GET / HTTP/1.1\r\nHost: h\r\n\r\nGET /next";
  std::size_t scanned = 0;
  for (std::size_t size = 1; size <= text.size(); ++size) {
    const auto end = find_head(std::string_view(text).substr(0, size), scanned, kLimits);
    ASSERT_TRUE(end);
    ASSERT_EQ(end->has_value(), size >= 27) << size;
    if (*end) {
      EXPECT_EQ(**end, 27U);
      return;
    }
  }
}

TEST(Head, refuses_other_protocols_at_the_first_byte) { EXPECT_EQ(status_of_stream("\x16\x03\x01"), 400); }

}  // namespace
}  // namespace hg::net
