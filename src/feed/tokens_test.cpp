#include "feed/tokens.h"

#include <gtest/gtest.h>

#include "crypto/hash.h"

namespace hg::feed {
namespace {

const crypto::SealingKey kKey = crypto::SealingKey::generate();
const FeedKey kFeed{UserId{crypto::random_guid()}, AppId{crypto::random_guid()}};
const FeedKey kOther{kFeed.user, AppId{crypto::random_guid()}};

TEST(Tokens, name_a_version_by_28_characters_that_stay_the_same) {
  const Tokens tokens(kKey, 1);

  const auto etag = tokens.etag(kFeed, 42);

  EXPECT_EQ(etag.size(), 28U);
  EXPECT_EQ(etag, Tokens(kKey, 1).etag(kFeed, 42));
  EXPECT_EQ(tokens.parse_etag(kFeed, etag), 42);
}

TEST(Tokens, tell_a_foreign_etag_from_one_of_another_epoch_and_from_noise) {
  const Tokens tokens(kKey, 1);

  EXPECT_EQ(tokens.parse_etag(kOther, tokens.etag(kFeed, 1)).error(), EtagFault::foreign);
  EXPECT_EQ(tokens.parse_etag(kFeed, Tokens(kKey, 2).etag(kFeed, 1)).error(), EtagFault::other_epoch);
  EXPECT_EQ(tokens.parse_etag(kFeed, "").error(), EtagFault::malformed);
  EXPECT_EQ(tokens.parse_etag(kFeed, std::string(28, '!')).error(), EtagFault::malformed);
  EXPECT_EQ(tokens.parse_etag(kFeed, std::string(28, 'A')).error(), EtagFault::malformed);
}

TEST(Tokens, open_a_unsid_made_here_and_no_other) {
  const Tokens tokens(kKey, 1);
  const SubscriptionId subscription{crypto::random_guid()};
  const auto unsid = tokens.unsid(kFeed, subscription);

  EXPECT_EQ(tokens.parse_unsid(unsid), (Unsid{kFeed, subscription}));
  EXPECT_EQ(unsid, tokens.unsid(kFeed, subscription));
  EXPECT_EQ(unsid.find('='), std::string::npos);
  auto changed = unsid;
  changed[40] = changed[40] == 'A' ? 'B' : 'A';
  EXPECT_FALSE(tokens.parse_unsid(changed));
  EXPECT_FALSE(tokens.parse_unsid(unsid.substr(1)));
  EXPECT_FALSE(Tokens(crypto::SealingKey::generate(), 1).parse_unsid(unsid));
}

TEST(Tokens, open_a_ticket_made_here_and_no_other) {
  const Tokens tokens(kKey, 1);
  const NotificationTicket ticket{.feed = kFeed,
                                  .subscription = SubscriptionId{crypto::random_guid()},
                                  .notification = NotificationId{crypto::random_guid()},
                                  .content_version = 3,
                                  .expires_at = from_ms(1'800'000'000'000)};
  const auto text = tokens.notification_ticket(ticket);

  EXPECT_EQ(tokens.parse_notification_ticket(text), ticket);
  EXPECT_EQ(text, tokens.notification_ticket(ticket));
  EXPECT_EQ(text.size(), 131U);
  auto changed = text;
  changed[40] = changed[40] == 'A' ? 'B' : 'A';
  for (const auto& other : {changed, text.substr(1), text + "A", std::string(), std::string(131, 'A'),
                            tokens.unsid(kFeed, ticket.subscription)})
    EXPECT_FALSE(tokens.parse_notification_ticket(other)) << other;
  EXPECT_FALSE(Tokens(crypto::SealingKey::generate(), 1).parse_notification_ticket(text));
  EXPECT_FALSE(tokens.parse_unsid(text));
}

TEST(Tokens, keep_page_tokens_to_their_feed_and_kind) {
  const Tokens tokens(kKey, 1);
  const NotificationId id{crypto::random_guid()};
  const auto text = tokens.page(kFeed, PageKind::delta, {.version = 9, .id = id, .extra = "more"});

  const auto page = tokens.parse_page(kFeed, PageKind::delta, text);

  ASSERT_TRUE(page);
  EXPECT_EQ(page->version, 9);
  EXPECT_EQ(page->id, id);
  EXPECT_EQ(page->extra, "more");
  EXPECT_EQ(tokens.parse_page(kFeed, PageKind::list, text).error().code, Code::invalid_query_option);
  EXPECT_EQ(tokens.parse_page(kOther, PageKind::delta, text).error().code, Code::invalid_query_option);
  EXPECT_EQ(Tokens(kKey, 2).parse_page(kFeed, PageKind::delta, text).error().code, Code::sync_state_not_found);
}

TEST(Tokens, derive_the_same_id_from_the_same_name_in_one_feed_only) {
  const Tokens tokens(kKey, 1);

  EXPECT_EQ(tokens.notification_id(kFeed, "a"), tokens.notification_id(kFeed, "a"));
  EXPECT_NE(tokens.notification_id(kFeed, "a"), tokens.notification_id(kFeed, "b"));
  EXPECT_NE(tokens.notification_id(kFeed, "a"), tokens.notification_id(kOther, "a"));
}

}  // namespace
}  // namespace hg::feed
