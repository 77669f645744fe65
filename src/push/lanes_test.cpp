#include "push/lanes.h"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "push/provider_token.h"
#include "push/testing.h"

namespace hg::push {
namespace {

namespace asio = boost::asio;
using std::chrono::minutes;
using std::chrono::seconds;

struct HandClock final : Clock {
  [[nodiscard]] Time now() const override { return time; }
  Time time = kNow;
};

// A loop, lanes, and a platform that answers when it is told to.
struct Setting {
  asio::io_context loop;
  HandClock clock;
  Lanes lanes{loop.get_executor(), clock};
  asio::steady_timer gate{loop, asio::steady_timer::time_point::max()};
  std::vector<std::string> verdicts;
  int asked = 0;

  void send(const std::string& destination, Verdict says) {
    asio::co_spawn(loop, lanes.run(destination, [this, says] { return platform(says); }),
                   [this](const std::exception_ptr&, Verdict verdict) { verdicts.push_back(told(verdict)); });
  }
  asio::awaitable<Verdict> platform(Verdict says) {
    ++asked;
    boost::system::error_code woken;
    co_await gate.async_wait(asio::redirect_error(asio::use_awaitable, woken));
    co_return says;
  }
  void run() {
    loop.restart();
    loop.poll();
  }
  void answer() {
    gate.cancel();
    run();
  }
};

const Verdict kAccepted{.outcome = Verdict::Outcome::delivered};
const Verdict kUnavailable{.outcome = Verdict::Outcome::retry, .reason = "503", .everywhere = true};

TEST(Lanes, a_platform_that_hangs_keeps_nobody_from_another) {
  Setting s;
  for (int i = 0; i < 200; ++i) s.send("hanging", kAccepted);
  s.run();
  EXPECT_EQ(s.asked, 32);

  s.send("other", kAccepted);
  s.run();

  EXPECT_EQ(s.asked, 33);
}

TEST(Lanes, whoever_waits_goes_when_one_has_come_back) {
  Setting s;
  for (int i = 0; i < 40; ++i) s.send("d", kAccepted);
  s.run();
  EXPECT_EQ(s.asked, 32);
  s.answer();
  EXPECT_EQ(s.asked, 40);
  s.answer();
  EXPECT_EQ(s.verdicts, std::vector<std::string>(40, "delivered"));
}

TEST(Lanes, a_platform_that_is_down_is_not_asked_and_its_callers_are_told_at_once) {
  Setting s;
  for (int i = 0; i < 40; ++i) s.send("d", kUnavailable);
  s.run();
  s.answer();
  EXPECT_EQ(s.verdicts.size(), 36U);  // the last of those that waited too
  EXPECT_EQ(s.asked, 36);             // four had their turn before it was known
  s.answer();
  ASSERT_EQ(s.verdicts.size(), 40U);

  s.send("d", kAccepted);
  s.run();
  EXPECT_EQ(s.asked, 36);
  EXPECT_TRUE(s.verdicts.back().starts_with("retry after 0 s: the platform is not asked for now"));

  s.clock.time += seconds(2);
  s.send("d", kAccepted);
  s.send("d", kAccepted);
  s.run();
  EXPECT_EQ(s.asked, 37);  // one, to see
  s.answer();
  EXPECT_EQ(s.asked, 38);
  s.answer();
  EXPECT_EQ(s.verdicts.back(), "delivered");
}

TEST(Lanes, a_fault_while_sending_gives_its_place_back) {
  Setting s;
  for (int i = 0; i < 100; ++i) {
    asio::co_spawn(s.loop,
                   s.lanes.run("d",
                               []() -> asio::awaitable<Verdict> {
                                 throw std::runtime_error("broken");
                                 co_return Verdict{};
                               }),
                   [](const std::exception_ptr& fault, const Verdict&) { EXPECT_TRUE(fault); });
    s.run();
  }
  s.send("d", kAccepted);
  s.run();
  EXPECT_EQ(s.asked, 1);
}

// A token service that answers when it is told to.
struct Service {
  asio::io_context loop;
  HandClock clock;
  asio::steady_timer gate{loop, asio::steady_timer::time_point::max()};
  int asked = 0;
  ProviderToken::Answer says = Token{"t", minutes(60)};
  ProviderToken token{loop.get_executor(), clock, [this] { return fetch(); }};
  std::vector<std::string> got;

  asio::awaitable<ProviderToken::Answer> fetch() {
    ++asked;
    boost::system::error_code woken;
    co_await gate.async_wait(asio::redirect_error(asio::use_awaitable, woken));
    auto now = says;
    if (now) now->value += std::to_string(asked);
    co_return now;
  }
  void get() {
    asio::co_spawn(loop, token.get(), [this](const std::exception_ptr&, std::expected<std::string, Verdict> one) {
      got.push_back(one ? *one : told(one.error()));
    });
    run();
  }
  void run() {
    loop.restart();
    loop.poll();
  }
  void answer() {
    gate.cancel();
    run();
  }
};

TEST(ProviderToken, is_fetched_once_for_all_who_wait) {
  Service s;
  for (int i = 0; i < 10; ++i) s.get();
  EXPECT_EQ(s.asked, 1);
  s.answer();
  EXPECT_EQ(s.got, std::vector<std::string>(10, "t1"));
  s.get();
  EXPECT_EQ(s.asked, 1);
}

TEST(ProviderToken, is_renewed_before_it_ends_while_others_use_the_old_one) {
  Service s;
  s.get();
  s.answer();
  s.clock.time += minutes(55);
  s.get();
  s.get();
  EXPECT_EQ(s.asked, 2);
  EXPECT_EQ(s.got, (std::vector<std::string>{"t1", "t1"}));
  s.answer();
  EXPECT_EQ(s.got.back(), "t2");
}

TEST(ProviderToken, that_was_refused_is_fetched_anew_once) {
  Service s;
  s.get();
  s.answer();
  s.token.refused("t1");
  s.get();
  s.answer();
  s.token.refused("t1");  // late
  s.get();
  EXPECT_EQ(s.asked, 2);
  EXPECT_EQ(s.got.back(), "t2");
}

TEST(ProviderToken, a_failure_is_everybody_s_and_the_service_has_some_rest) {
  Service s;
  s.says = std::unexpected(kUnavailable);
  s.get();
  s.get();
  s.answer();
  EXPECT_EQ(s.got, (std::vector<std::string>{"retry everywhere: 503", "retry everywhere: 503"}));
  s.get();
  EXPECT_EQ(s.asked, 1);
  s.clock.time += seconds(6);
  s.says = Token{"t", minutes(60)};
  s.get();
  s.answer();
  EXPECT_EQ(s.got.back(), "t2");
}

}  // namespace
}  // namespace hg::push
