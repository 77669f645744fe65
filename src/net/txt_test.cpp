#include "net/txt.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <thread>

namespace hg::net {
namespace {

// A name server that answers one question: with the records behind the question as it came, and a response code.
class NameServer {
 public:
  NameServer(std::string records, std::uint16_t count, unsigned char code) {
    socket_ = ::socket(AF_INET, SOCK_DGRAM, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    EXPECT_EQ(::bind(socket_, reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
    socklen_t size = sizeof address;
    ::getsockname(socket_, reinterpret_cast<sockaddr*>(&address), &size);
    name_ = "127.0.0.1:" + std::to_string(ntohs(address.sin_port));
    thread_ = std::thread([this, records = std::move(records), count, code] { answer(records, count, code); });
  }
  ~NameServer() {
    thread_.join();
    ::close(socket_);
  }
  NameServer(const NameServer&) = delete;
  NameServer& operator=(const NameServer&) = delete;
  [[nodiscard]] const std::string& name() const { return name_; }

 private:
  void answer(const std::string& records, std::uint16_t count, unsigned char code) const {
    std::array<char, 512> question{};
    sockaddr_in from{};
    socklen_t size = sizeof from;
    const auto got =
        ::recvfrom(socket_, question.data(), question.size(), 0, reinterpret_cast<sockaddr*>(&from), &size);
    if (got < 12) return;
    // The header and the question again, without what EDNS may have put behind it.
    std::string reply(question.data(), 12);
    std::size_t end = 12;
    while (question.at(end) != 0) end += static_cast<unsigned char>(question.at(end)) + 1U;
    reply.append(question.data() + 12, end + 5 - 12);
    reply[2] = static_cast<char>(0x81);
    reply[3] = static_cast<char>(0x80 | code);
    reply[6] = static_cast<char>(count >> 8);
    reply[7] = static_cast<char>(count & 0xff);
    reply[10] = reply[11] = 0;
    reply += records;
    ::sendto(socket_, reply.data(), reply.size(), 0, reinterpret_cast<const sockaddr*>(&from), size);
  }

  int socket_ = -1;
  std::string name_;
  std::thread thread_;
};

// Of the name in the question.
std::string record(std::uint16_t type, const std::string& data) {
  std::string made("\xc0\x0c", 2);
  made += {static_cast<char>(type >> 8), static_cast<char>(type & 0xff), 0, 1, 0, 0, 0, 60};
  made += {static_cast<char>(data.size() >> 8), static_cast<char>(data.size() & 0xff)};
  return made + data;
}
std::string piece(const std::string& text) { return std::string(1, static_cast<char>(text.size())) + text; }

TEST(TxtRecords, are_read_with_their_pieces_put_together) {
  const NameServer server(record(16, piece("v=spf1 -all")) + record(16, piece("helio") + piece("graph=abc")), 2, 0);
  const auto found = txt_records("app.example.com", server.name());
  ASSERT_TRUE(found) << found.error();
  EXPECT_EQ(*found, (std::vector<std::string>{"v=spf1 -all", "heliograph=abc"}));
}

TEST(TxtRecords, of_other_kinds_are_passed_over) {
  const NameServer server(record(1, "\x7f\x01\x01\x01") + record(16, piece("text")), 2, 0);
  EXPECT_EQ(txt_records("app.example.com", server.name()), std::vector<std::string>{"text"});
}

TEST(TxtRecords, that_say_more_than_they_have_are_cut) {
  const NameServer server(record(16, piece("good") + "\x7f"
                                                     "short"),
                          1, 0);
  EXPECT_EQ(txt_records("app.example.com", server.name()), std::vector<std::string>{"good"});
}

TEST(TxtRecords, that_are_not_there_are_told_from_servers_that_are_not) {
  const NameServer server("", 0, 3);
  EXPECT_EQ(txt_records("app.example.com", server.name()).error(), "the name has no TXT record");
}

}  // namespace
}  // namespace hg::net
