#include "app/inquiry.h"

#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>

#include "base/run_for_tests.h"
#include "bus/local.h"
#include "crypto/hash.h"

namespace hg::app {
namespace {

namespace asio = boost::asio;

struct Asked {
  asio::io_context loop;
  bus::Local bus;
  Inquiry inquiry{loop.get_executor(), bus};
  FeedKey feed{UserId{crypto::random_guid()}, AppId{crypto::random_guid()}};

  // Another node that knows of `of`.
  std::shared_ptr<bus::Listener> node(FeedKey of) {
    auto listener = bus.subscribe([this](std::function<void()> task) { asio::post(loop, std::move(task)); },
                                  [this, of](const bus::Message& message) {
                                    const auto* asks = std::get_if<bus::Asks>(&message);
                                    if (asks != nullptr && asks->feed == of) bus.publish({bus::Here{asks->question}});
                                  });
    listener->follow(of);
    return listener;
  }
  bool live() { return run(loop, inquiry.live(feed)); }
};

TEST(Inquiry, is_answered_by_who_knows_of_a_connection) {
  Asked asked;
  const auto one = asked.node({UserId{crypto::random_guid()}, asked.feed.app}), other = asked.node(asked.feed),
             third = asked.node(asked.feed);
  EXPECT_TRUE(asked.live());
}

TEST(Inquiry, is_over_after_a_moment_where_nobody_does) {
  Asked asked;
  const auto one = asked.node({UserId{crypto::random_guid()}, asked.feed.app});
  EXPECT_FALSE(asked.live());
  const auto other = asked.node(asked.feed);
  EXPECT_TRUE(asked.live());
}

}  // namespace
}  // namespace hg::app
