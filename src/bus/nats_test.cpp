// What only a network does: servers that die, hang, keep people out, or say what nobody understands.
#include "bus/nats.h"

#include <gtest/gtest.h>
#include <nats/nats.h>

#include <cstdlib>
#include <mutex>

#include "bus/nats_for_tests.h"
#include "bus/wire.h"

namespace hg::bus {
namespace {

using Steady = std::chrono::steady_clock;

Nats::Options options_for(std::string server) {
  Nats::Options options;
  options.servers = {std::move(server)};
  options.subjects = "test";
  options.seal = [](std::string_view, std::string_view clear) { return "sealed:" + std::string(clear); };
  options.open = [](std::string_view, std::string_view sealed) -> std::optional<std::string> {
    if (!sealed.starts_with("sealed:")) return std::nullopt;
    return std::string(sealed.substr(7));
  };
  return options;
}

FeedKey some_feed() {
  FeedKey feed;
  feed.user.guid.bytes[0] = std::byte{42};
  return feed;
}
Message step(std::int64_t to) { return Moved{.feed = some_feed(), .from = to - 1, .to = to}; }

// What a machine hears, on whatever thread.
struct Heard {
  explicit Heard(Bus& bus)
      : listener(bus.subscribe([](const std::function<void()>& task) { task(); },
                               [this](const Message& message) {
                                 const std::scoped_lock lock(mutex);
                                 if (std::holds_alternative<Missed>(message)) ++missed;
                                 if (const auto* moved = std::get_if<Moved>(&message)) last = moved->to;
                               })) {
    listener->follow(some_feed());
  }
  template <class T>
  T locked(T Heard::* member) {
    const std::scoped_lock lock(mutex);
    return this->*member;
  }
  std::mutex mutex;
  int missed = 0;
  std::int64_t last = 0;
  std::shared_ptr<Listener> listener;
};

double metric(const Bus& bus, const std::string& row) {
  metrics::Page page;
  bus.measure(page);
  const auto text = page.text();
  const auto at = text.find("\n" + row + " ");
  return at == std::string::npos ? -1 : std::stod(text.substr(at + row.size() + 2));
}

// Publishes until it is heard.
bool comes_through(Bus& from, Heard& to) {
  static std::int64_t number = 1'000'000;
  const auto first = number + 1;
  return until([&] {
    from.publish({step(++number)});
    return to.locked(&Heard::last) >= first;
  });
}

TEST(NatsBus, outlives_a_killed_server_and_has_everybody_compare_when_it_is_back) {
  NatsServer server;
  Nats here(options_for(server.address())), there(options_for(server.address()));
  Heard mine(here), yours(there);
  ASSERT_TRUE(comes_through(here, yours));

  server.kill();
  ASSERT_TRUE(until([&] { return !here.connected() && !there.connected(); }));
  const auto before = yours.locked(&Heard::missed);
  const auto begun = Steady::now();
  for (std::int64_t to = 1; to <= 100; ++to) here.publish({step(to)});
  const auto took = std::chrono::duration_cast<std::chrono::microseconds>(Steady::now() - begun);
  std::printf("# measured: 100 messages published in %lld us while NATS was away\n",
              static_cast<long long>(took.count()));
  EXPECT_EQ(mine.locked(&Heard::last), 100) << "this machine needs no network";

  server.start();
  ASSERT_TRUE(until([&] { return here.connected() && there.connected(); }));
  EXPECT_TRUE(until([&] { return yours.locked(&Heard::missed) > before; }));
  EXPECT_TRUE(comes_through(here, yours));
}

TEST(NatsBus, begins_before_its_server) {
  NatsServer server;
  server.kill();
  Nats here(options_for(server.address())), there(options_for(server.address()));
  Heard yours(there);
  here.publish({step(1)});
  EXPECT_FALSE(here.connected());

  server.start();

  EXPECT_TRUE(comes_through(here, yours));
  EXPECT_TRUE(here.connected());
}

TEST(NatsBus, keeps_nobody_waiting_while_its_server_hangs_and_owns_up_to_what_was_lost) {
  NatsServer server;
  auto options = options_for(server.address());
  options.waiting = 64;
  Nats here(std::move(options)), there(options_for(server.address()));
  Heard yours(there);
  ASSERT_TRUE(comes_through(here, yours));
  const auto change = [] {
    auto made = std::make_shared<ChangeNote>();
    made->notes.push_back({.version = 1, .activity = std::string(8000, 'a')});
    return made;
  }();

  server.pause();
  auto longest = Steady::duration::zero();
  // More than sockets and buffers hold.
  ASSERT_TRUE(until([&] {
    const auto begun = Steady::now();
    for (int i = 0; i < 50; ++i) here.publish({Moved{.feed = some_feed(), .from = 0, .to = 1, .change = change}});
    longest = std::max(longest, Steady::now() - begun);
    return metric(here, "heliograph_bus_dropped_total{why=\"lost\"}") > 0;
  }));
  std::printf("# measured: 50 messages published in at most %lld us while NATS hung\n",
              static_cast<long long>(std::chrono::duration_cast<std::chrono::microseconds>(longest).count()));
  const auto before = yours.locked(&Heard::missed);
  server.resume();

  EXPECT_TRUE(comes_through(here, yours));
  EXPECT_TRUE(until([&] { return yours.locked(&Heard::missed) > before; }));
}

TEST(NatsBus, drops_what_is_not_of_our_making) {
  NatsServer server;
  Nats here(options_for(server.address())), there(options_for(server.address()));
  Heard yours(there);
  ASSERT_TRUE(comes_through(here, yours));
  natsConnection* stranger = nullptr;
  ASSERT_EQ(natsConnection_ConnectTo(&stranger, server.address().c_str()), NATS_OK);
  const auto later = [] {
    auto bytes = encode(step(2'000'000));
    bytes[0] = 2;
    return "sealed:" + bytes;
  }();
  const std::vector<std::string> garbage{"",
                                         "x",
                                         "sealed:",
                                         "sealed:\x01",
                                         std::string(100'000, '\0'),
                                         later,
                                         encode(step(2'000'000)),
                                         "sealed:" + encode(step(2'000'000)).substr(0, 20)};

  for (const auto& subject : {"test.42", "test.all"})
    for (const auto& bytes : garbage)
      ASSERT_EQ(natsConnection_Publish(stranger, subject, bytes.data(), static_cast<int>(bytes.size())), NATS_OK);
  natsConnection_Flush(stranger);
  natsConnection_Destroy(stranger);

  EXPECT_TRUE(until([&] {
    return metric(there, "heliograph_bus_dropped_total{why=\"foreign\"}") == 2.0 * static_cast<double>(garbage.size());
  }));
  EXPECT_LT(yours.locked(&Heard::last), 2'000'000);
  EXPECT_TRUE(comes_through(here, yours));
}

TEST(NatsBus, shows_user_and_password_or_token) {
  NatsServer users("authorization { user: \"hg\", password: \"p:w/1\" }");
  NatsServer tokens("authorization { token: \"t0ken\" }");
  const auto with = [](const NatsServer& server, std::string user, std::string password, std::string token) {
    auto options = options_for(server.address());
    options.user = std::move(user);
    options.password = std::move(password);
    options.token = std::move(token);
    return options;
  };

  EXPECT_EQ(Nats::reach(with(users, "hg", "p:w/1", "")), "");
  EXPECT_NE(Nats::reach(with(users, "hg", "wrong", "")), "");
  EXPECT_EQ(Nats::reach(with(tokens, "", "", "t0ken")), "");
  EXPECT_NE(Nats::reach(with(tokens, "", "", "")), "");
  auto in_address = options_for("nats://t0ken@127.0.0.1:" + std::to_string(tokens.port()));
  EXPECT_EQ(Nats::reach(in_address), "");
  Nats here(with(users, "hg", "p:w/1", "")), there(with(users, "hg", "p:w/1", ""));
  Heard yours(there);
  EXPECT_TRUE(comes_through(here, yours));
}

TEST(NatsBus, comes_back_after_it_was_kept_out) {
  NatsServer server("authorization { token: \"new\" }");
  auto options = options_for(server.address());
  options.token = "old";
  Nats bus(options);
  EXPECT_FALSE(bus.connected());
  server.kill();
  server.configure("authorization { token: \"old\" }");
  server.start();

  EXPECT_TRUE(until([&] { return bus.connected(); }));
}

TEST(NatsBus, speaks_tls_to_whom_it_trusts_alone) {
  const auto folder = std::filesystem::temp_directory_path() / ("bus-tls-" + std::to_string(::getpid()));
  std::filesystem::create_directories(folder);
  const auto make = [&](const std::string& name, const std::string& host) {
    const std::string command =
        "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=" + name +
        " -addext subjectAltName=" + host + " -keyout " + (folder / (name + ".key")).string() + " -out " +
        (folder / (name + ".pem")).string() + " 2>/dev/null";
    ASSERT_EQ(std::system(command.c_str()), 0) << "openssl is missing: tools/setup --test";
  };
  make("good", "IP:127.0.0.1,DNS:localhost");
  make("elsewhere", "DNS:elsewhere.example");
  const auto serve = [&](const std::string& name) {
    return "tls { cert_file: \"" + (folder / (name + ".pem")).string() + "\", key_file: \"" +
           (folder / (name + ".key")).string() + "\" }";
  };
  NatsServer good(serve("good")), elsewhere(serve("elsewhere"));
  const auto options = [&](const NatsServer& server, const std::string& trusted) {
    auto made = options_for("tls://localhost:" + std::to_string(server.port()));
    if (!trusted.empty()) made.authorities = folder / (trusted + ".pem");
    return made;
  };

  EXPECT_EQ(Nats::reach(options(good, "good")), "");
  EXPECT_NE(Nats::reach(options(good, "elsewhere")), "") << "of an authority that is not trusted";
  EXPECT_NE(Nats::reach(options(good, "")), "") << "nor does the system trust it";
  EXPECT_NE(Nats::reach(options(elsewhere, "elsewhere")), "") << "for another host";
  EXPECT_NE(Nats::reach(options(good, "missing")), "");
  Nats here(options(good, "good")), there(options(good, "good"));
  Heard yours(there);
  EXPECT_TRUE(comes_through(here, yours));
  std::filesystem::remove_all(folder);
}

TEST(NatsBus, says_which_servers_it_cannot_use) {
  EXPECT_EQ(Nats::mistake_in({"nats://a:4222", "tls://user:word@b.example:4222"}), "");
  for (const auto* wrong : {"", "a:4222", "http://a", "nats://", "nats://:4222", "nats://a/b", "nats://user@"})
    EXPECT_NE(Nats::mistake_in({wrong}), "") << wrong;
  EXPECT_NE(Nats::mistake_in({}), "");
}

}  // namespace
}  // namespace hg::bus
