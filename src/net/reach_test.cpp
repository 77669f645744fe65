#include "net/reach.h"

#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>

#include "base/run_for_tests.h"
#include "net/client.h"
#include "net/server_for_tests.h"

namespace hg::net {
namespace {

TEST(OutboundUrl, is_https_of_a_host_by_name_at_its_usual_port) {
  for (const char* url : {"https://push.example/x", "https://push.example:443/x?y=z", "HTTPS://PUSH.EXAMPLE/",
                          "https://xn--bcher-kva.example/", "https://a.b.c.push.example."})
    EXPECT_TRUE(outbound_url("it", url, false)) << url;
  EXPECT_EQ(outbound_url("the endpoint", "https://push.example:8443/", false).error().message,
            "the endpoint names a port; only 443 is asked");
}

TEST(OutboundUrl, on_this_machine_is_for_development) {
  for (const char* url :
       {"http://localhost:8080/", "https://127.0.0.1:1/", "http://127.255.0.1/", "https://[::1]:2/"}) {
    EXPECT_TRUE(outbound_url("it", url, true)) << url;
    EXPECT_FALSE(outbound_url("it", url, false)) << url;
  }
  for (const char* url : {"http://push.example/", "https://10.0.0.1/", "http://localhost.example/", "http://0.0.0.0/",
                          "http://user@localhost/", "ftp://localhost/", "http://[::]/", "http://169.254.169.254/"})
    EXPECT_FALSE(outbound_url("it", url, true)) << url;
}

// What it takes is asked, and must come to nothing; `PORT` is where somebody listens.
constexpr const char* kTricks[] = {
    // Other schemes, none, and what is no URL.
    "http://push.example/", "ftp://push.example/", "file:///etc/passwd", "gopher://push.example/", "ws://push.example/",
    "javascript:alert(1)", "data:text/plain,x", "//push.example/", "push.example/", "", " ", "https://", "https:///x",
    "https://a b/", "https://push.example:65536/", "https://push.example:-1/", "https://[::1/", "https://[]/",
    // Users, and what looks like the host.
    "https://user@push.example/", "https://user:password@push.example/", "https://push.example@127.0.0.1:PORT/",
    "https://push.example:443@127.0.0.1:PORT/", "https://push.example%40@127.0.0.1:PORT/",
    "https://127.0.0.1:PORT#@push.example/", "https://127.0.0.1:PORT?@push.example/",
    "https://127.0.0.1:PORT\\@push.example/",
    // Ports.
    "https://push.example:80/", "https://push.example:22/", "https://push.example:8443/", "https://push.example:0/",
    // This machine, in every way to write it.
    "https://127.0.0.1:PORT/", "https://127.1:PORT/", "https://127.0.1:PORT/", "https://2130706433:PORT/",
    "https://017700000001:PORT/", "https://0x7f000001:PORT/", "https://0x7f.0.0.1:PORT/", "https://0177.0.0.1:PORT/",
    "https://0x7f.1:PORT/", "https://0:PORT/", "https://0.0.0.0:PORT/", "https://[::1]:PORT/", "https://[::]:PORT/",
    "https://[0:0:0:0:0:0:0:1]:PORT/", "https://[::ffff:127.0.0.1]:PORT/", "https://[::ffff:7f00:1]:PORT/",
    "https://[::127.0.0.1]:PORT/", "https://[64:ff9b::127.0.0.1]:PORT/", "https://[2002:7f00:1::]:PORT/",
    "https://[::1%25lo]:PORT/", "https://localhost:PORT/", "https://localhost/", "https://LOCALHOST/",
    "https://localhost./", "https://127.0.0.1./", "https://x.localhost/", "https://loc%61lhost/",
    "https://127.0.0.1%00.push.example/", "https://%31%32%37.0.0.1/", "https://\u24dbocalhost/",
    "https://\uff11\uff12\uff17.0.0.1/", "https://127\u30020\u30020\u30021/",
    // Networks that no service on the internet is in.
    "https://10.0.0.1/", "https://172.16.0.1/", "https://192.168.1.1/", "https://169.254.169.254/latest/meta-data",
    "https://100.64.0.1/", "https://198.18.0.1/", "https://224.0.0.1/", "https://255.255.255.255/",
    "https://[fe80::1]/", "https://[fd00::1]/", "https://[ff02::1]/"};

TEST(OutboundUrl, leads_to_nothing_private_however_it_is_written) {
  std::atomic<int> heard = 0;
  TestServer canary([&](Request&) -> asio::awaitable<Response> {
    ++heard;
    co_return Response{};
  });
  asio::io_context loop;
  Client client(loop.get_executor(), {.reach = Reach::internet});
  int refused = 0, asked = 0;
  for (std::string url : kTricks) {
    if (const auto port = url.find("PORT"); port != std::string::npos)
      url.replace(port, 4, std::to_string(canary.port()));
    if (!outbound_url("it", url, false)) {
      ++refused;
      // The one that connects refuses it, too.
      if (!url.starts_with("https://") || url.contains("push.example")) continue;
    }
    ++asked;
    EXPECT_FALSE(run_beside_others(loop, client.send({.url = url}))) << url;
  }
  EXPECT_EQ(heard, 0);
  EXPECT_EQ(client.connected(), 0U);  // not even a socket
  EXPECT_GT(refused, 50);
  EXPECT_GT(asked, 40);
}

}  // namespace
}  // namespace hg::net
