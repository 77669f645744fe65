#include "api/filter.h"

#include <gtest/gtest.h>

namespace hg::api {
namespace {

constexpr Time kCreated = from_ms(1'800'000'000'000);  // 2027-01-15T08:00:00Z

model::Notification notification() {
  model::Notification n;
  n.id = *NotificationId::parse("119081f2-0000-4000-8000-000000000001");
  n.content.app_notification_id = "order-17";
  n.content.group_name = "orders";
  n.created_at = kCreated;
  return n;
}

// Whether the filter keeps `n`.
bool keeps(std::string_view filter, const model::Notification& n = notification()) {
  const auto keep = parse_filter(filter);
  EXPECT_TRUE(keep) << filter << ": " << (keep ? "" : keep.error().message);
  return keep && (*keep)(n);
}

std::string refusal(std::string_view filter) {
  const auto keep = parse_filter(filter);
  if (keep) return "(kept)";
  EXPECT_EQ(keep.error().code, Code::invalid_query_option);
  EXPECT_EQ(keep.error().target, "$filter");
  return keep.error().message;
}

std::string column(std::string_view filter) {
  const auto message = refusal(filter);
  return message.substr(0, message.find(':'));
}

std::string repeated(std::string_view part, std::size_t times) {
  std::string text;
  while (times-- > 0) text += part;
  return text;
}

TEST(Filter, compares_every_property_that_it_names) {
  EXPECT_TRUE(keeps("id eq '119081F2-0000-4000-8000-000000000001'"));
  EXPECT_TRUE(keeps("groupName eq 'orders'"));
  EXPECT_TRUE(keeps("appNotificationId eq 'order-17'"));
  EXPECT_TRUE(keeps("priority eq 'High'"));
  EXPECT_TRUE(keeps("readState eq 'unread'"));
  EXPECT_TRUE(keeps("userActionState eq 'noInteraction'"));
  EXPECT_TRUE(keeps("status eq 'active'"));
  EXPECT_TRUE(keeps("creationDateTime eq 2027-01-15T08:00:00Z"));
  EXPECT_TRUE(keeps("lastModifiedDateTime eq null"));
}

TEST(Filter, knows_six_comparisons) {
  for (const auto [op, below, same, above] :
       {std::tuple("eq", false, true, false), std::tuple("ne", true, false, true), std::tuple("gt", true, false, false),
        std::tuple("ge", true, true, false), std::tuple("lt", false, false, true),
        std::tuple("le", false, true, true)}) {
    EXPECT_EQ(keeps("creationDateTime " + std::string(op) + " 2027-01-15T07:59:59.999Z"), below) << op;
    EXPECT_EQ(keeps("creationDateTime " + std::string(op) + " 2027-01-15T08:00:00Z"), same) << op;
    EXPECT_EQ(keeps("creationDateTime " + std::string(op) + " 2027-01-15T08:00:00.001Z"), above) << op;
  }
}

TEST(Filter, and_binds_more_than_or) {
  EXPECT_TRUE(keeps("readState eq 'unread' or readState eq 'read' and readState eq 'read'"));
  EXPECT_FALSE(keeps("(readState eq 'unread' or readState eq 'read') and readState eq 'read'"));
  EXPECT_TRUE(keeps("readState eq 'read' and readState eq 'read' or readState eq 'unread'"));
}

TEST(Filter, not_binds_more_than_and) {
  EXPECT_FALSE(keeps("not readState eq 'read' and readState eq 'read'"));
  EXPECT_TRUE(keeps("not (readState eq 'read' and readState eq 'read')"));
  EXPECT_TRUE(keeps("not readState eq 'unread' or readState eq 'unread'"));
  EXPECT_TRUE(keeps("not not readState eq 'unread'"));
}

TEST(Filter, a_quote_within_a_text_is_written_twice) {
  auto n = notification();
  n.content.group_name = "it's";
  EXPECT_TRUE(keeps("groupName eq 'it''s'", n));
  n.content.group_name = "'";
  EXPECT_TRUE(keeps("groupName eq ''''", n));
  n.content.group_name = "";
  EXPECT_TRUE(keeps("groupName eq ''", n));
  n.content.group_name = "a) or (b";
  EXPECT_TRUE(keeps("groupName eq 'a) or (b'", n));
}

TEST(Filter, null_equals_null_and_is_ordered_before_or_behind_nothing) {
  auto n = notification();
  n.content.group_name.reset();
  EXPECT_TRUE(keeps("groupName eq null", n));
  EXPECT_FALSE(keeps("groupName ne null", n));
  EXPECT_TRUE(keeps("groupName ne 'orders'", n));
  EXPECT_FALSE(keeps("groupName ge null", n));
  EXPECT_FALSE(keeps("groupName gt ''", n));
  EXPECT_FALSE(keeps("lastModifiedDateTime lt 2100-01-01T00:00:00Z", n));
  EXPECT_FALSE(keeps("readState eq null", n));
}

TEST(Filter, texts_are_exact_and_choices_are_read_in_any_case) {
  EXPECT_FALSE(keeps("groupName eq 'Orders'"));
  EXPECT_TRUE(keeps("readState eq 'UNREAD'"));
  EXPECT_TRUE(keeps("priority EQ 'high' AND NOT groupName EQ NULL"));
}

TEST(Filter, dates_have_offsets_and_may_stand_in_quotes) {
  EXPECT_TRUE(keeps("creationDateTime eq 2027-01-15T09:30:00+01:30"));
  EXPECT_TRUE(keeps("creationDateTime eq '2027-01-15T08:00:00.000Z'"));
}

TEST(Filter, spaces_are_needed_between_words_alone) {
  EXPECT_TRUE(keeps("  (readState eq'unread')and(\tgroupName  eq 'orders' )  "));
}

TEST(Filter, a_mistake_is_named_with_its_column) {
  EXPECT_EQ(column(""), "$filter, column 1");
  EXPECT_EQ(column("title eq 'x'"), "$filter, column 1");
  EXPECT_EQ(column("ReadState eq 'read'"), "$filter, column 1");
  EXPECT_EQ(column("readState is 'read'"), "$filter, column 11");
  EXPECT_EQ(column("readState eq"), "$filter, column 13");
  EXPECT_EQ(column("readState eq 'seen'"), "$filter, column 14");
  EXPECT_EQ(column("readState eq read"), "$filter, column 14");
  EXPECT_EQ(column("groupName eq orders"), "$filter, column 14");
  EXPECT_EQ(column("id eq 'order-17'"), "$filter, column 7");
  EXPECT_EQ(column("creationDateTime gt 'yesterday'"), "$filter, column 21");
  EXPECT_EQ(column("groupName eq 'a"), "$filter, column 14");
  EXPECT_EQ(column("groupName eq 'a' xor status eq 'active'"), "$filter, column 18");
  EXPECT_EQ(column("(groupName eq 'a'"), "$filter, column 18");
  EXPECT_EQ(column("groupName eq 'a')"), "$filter, column 17");
  EXPECT_EQ(column("groupName eq 'a' and"), "$filter, column 21");
  EXPECT_EQ(column("groupName eq 'a' and *"), "$filter, column 22");
  EXPECT_EQ(column("not"), "$filter, column 4");
  EXPECT_EQ(column("contains(groupName,'a')"), "$filter, column 1");
}

TEST(Filter, columns_are_counted_in_characters) { EXPECT_EQ(column("groupName eq 'äöü' xor"), "$filter, column 20"); }

TEST(Filter, a_refusal_says_what_would_be_right) {
  EXPECT_TRUE(refusal("title eq 'x'").contains("title is not filtered by; id, groupName, appNotificationId, priority"));
  EXPECT_TRUE(refusal("readState eq 'seen'").contains("'unread', 'read' or null"));
  EXPECT_TRUE(refusal("groupName like 'a'").contains("eq, ne, gt, ge, lt or le"));
}

TEST(Filter, has_at_most_twenty_comparisons) {
  const std::string one = "status eq 'active'";
  EXPECT_TRUE(keeps(one + repeated(" and " + one, 19)));
  EXPECT_TRUE(refusal(one + repeated(" and " + one, 20)).contains("more than 20 comparisons"));
}

TEST(Filter, goes_at_most_twenty_deep) {
  EXPECT_TRUE(keeps(repeated("(", 20) + "status eq 'active'" + repeated(")", 20)));
  EXPECT_EQ(column(repeated("(", 21) + "status eq 'active'" + repeated(")", 21)), "$filter, column 21");
  EXPECT_EQ(column(repeated("not ", 100'000)), "$filter, column 81");
  EXPECT_TRUE(keeps(repeated("(not ", 10) + "status eq 'active'" + repeated(")", 10)));
  EXPECT_TRUE(keeps(repeated("(status eq 'active') and ", 19) + "(status eq 'active')"));
}

TEST(Filter, takes_bytes_that_are_no_text) {
  EXPECT_EQ(refusal("\xff\xfe"), refusal("\x01"));
  EXPECT_EQ(column(std::string_view("\0", 1)), "$filter, column 1");
}

}  // namespace
}  // namespace hg::api
