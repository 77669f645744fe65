#include "bus/wire.h"

#include <gtest/gtest.h>

namespace hg::bus {
namespace {

Guid guid(int first) {
  Guid made;
  made.bytes[0] = static_cast<std::byte>(first);
  made.bytes[15] = std::byte{0xff};
  return made;
}
FeedKey feed() { return {UserId{guid(1)}, AppId{guid(2)}}; }

Moved moved() {
  auto change = std::make_shared<ChangeNote>();
  change->unread = 300;
  change->notes.push_back({.version = 7, .activity = R"({"id":"a")", .platforms = 5, .handled = true});
  change->notes.push_back({.version = 9,
                           .activity = R"({"id":"b")",
                           .alert_version = 8,
                           .alerted_at = from_ms(1'800'000'000'000),
                           .maker = SubscriptionId{guid(3)},
                           .made_after = 6});
  return {.feed = feed(), .from = 6, .to = 9, .change = change, .maker = SubscriptionId{guid(4)}};
}

template <class T>
T back(const T& message) {
  const auto read = decode(encode(message));
  return read ? std::get<T>(*read) : T{};
}

TEST(Wire, brings_back_what_was_sent) {
  const auto got = back(moved());

  EXPECT_EQ(got.feed, feed());
  EXPECT_EQ(got.from, 6);
  EXPECT_EQ(got.to, 9);
  EXPECT_EQ(got.maker, moved().maker);
  ASSERT_TRUE(got.change);
  EXPECT_EQ(got.change->unread, 300);
  ASSERT_EQ(got.change->notes.size(), 2U);
  const auto& [first, second] = std::tie(got.change->notes[0], got.change->notes[1]);
  EXPECT_EQ(first.version, 7);
  EXPECT_EQ(first.activity, R"({"id":"a")");
  EXPECT_EQ(first.platforms, 5);
  EXPECT_TRUE(first.handled);
  EXPECT_FALSE(second.handled);
  EXPECT_EQ(second.alert_version, 8);
  EXPECT_EQ(second.alerted_at, from_ms(1'800'000'000'000));
  EXPECT_EQ(second.maker, SubscriptionId{guid(3)});
  EXPECT_EQ(second.made_after, 6);

  const auto stale = back(Stale{Stale::Kind::credential, guid(5)});
  EXPECT_EQ(stale.kind, Stale::Kind::credential);
  EXPECT_EQ(stale.key, guid(5));
  const auto ended = back(Ended{feed(), SubscriptionId{guid(6)}, "channelGone"});
  EXPECT_EQ(ended.feed, feed());
  EXPECT_EQ(ended.subscription, SubscriptionId{guid(6)});
  EXPECT_EQ(ended.reason, "channelGone");
  const auto asks = back(Asks{feed(), guid(7)});
  EXPECT_EQ(asks.feed, feed());
  EXPECT_EQ(asks.question, guid(7));
  EXPECT_EQ(back(Here{guid(8)}).question, guid(8));
  EXPECT_EQ(back(Missed{}).group, -1);
  EXPECT_EQ(back(Missed{255}).group, 255);
}

TEST(Wire, leaves_out_a_change_that_is_too_large) {
  auto large = moved();
  auto change = std::make_shared<ChangeNote>(*large.change);
  change->notes[0].activity.append(kMaxNoteBytes, ' ');
  large.change = change;

  const auto got = back(large);

  EXPECT_EQ(got.to, 9);
  EXPECT_FALSE(got.change);
}

TEST(Wire, takes_nothing_that_was_cut_or_goes_on) {
  for (const Message& message :
       {Message(moved()), Message(Stale{}), Message(Ended{feed(), SubscriptionId{guid(6)}, "expired"}),
        Message(Missed{}), Message(Asks{feed(), guid(7)}), Message(Here{guid(8)})}) {
    const auto bytes = encode(message);
    for (std::size_t size = 0; size < bytes.size(); ++size) EXPECT_FALSE(decode(bytes.substr(0, size))) << size;
    EXPECT_FALSE(decode(bytes + '\0'));
  }
}

TEST(Wire, takes_no_other_version_no_unknown_kind_and_nothing_that_no_writer_makes) {
  auto later = encode(Stale{});
  later[0] = 2;
  EXPECT_FALSE(decode(later));
  auto unknown = encode(Stale{});
  unknown[1] = 9;
  EXPECT_FALSE(decode(unknown));
  EXPECT_FALSE(decode(encode(Moved{.feed = feed(), .from = 3, .to = 3}))) << "it moved nowhere";
  EXPECT_FALSE(decode(encode(Moved{.feed = feed(), .from = -1, .to = 3})));
  EXPECT_FALSE(decode(encode(Ended{feed(), {}, ""})));
  EXPECT_FALSE(decode(encode(Ended{feed(), {}, "a\"b"})));
  EXPECT_FALSE(decode(encode(Ended{feed(), {}, std::string(65, 'a')})));
  EXPECT_FALSE(decode(encode(Missed{256})));
  EXPECT_FALSE(decode(std::string("\x01\x04\x80\x00", 4))) << "a number in more bytes than it needs";
}

}  // namespace
}  // namespace hg::bus
