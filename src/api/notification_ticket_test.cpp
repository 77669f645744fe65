#include "api/notification_ticket.h"

#include "api/testing.h"

namespace hg::api {
namespace {

using std::chrono::hours;
using Fields = House::Fields;

constexpr std::string_view kPath = "/beta/notifications/ticket";

// A notification of alice's, and the ticket of it that her phone got.
struct Shown {
  House house;
  std::string unsid = house.subscribe(house.alice, "phone");
  feed::NotificationTicket ticket;
  std::string etag;

  Shown() { post(); }
  // Posts it, again too.
  void post(const std::string& more = "") {
    const auto reply =
        house.call("POST", "/beta/me/notifications", {house.as(house.alice)}, House::body("parcel", more));
    EXPECT_EQ(reply.status, 201) << reply.body;
    ticket = {.feed = house.feed,
              .subscription = house.tokens.parse_unsid(unsid)->subscription,
              .notification = NotificationId::parse(reply.at("/id")).value(),
              .content_version = std::stoll(reply.at("/contentVersion")),
              .expires_at = parse_iso(reply.at("/expirationDateTime")).value()};
    etag = reply.at("/@odata.etag");
  }
  [[nodiscard]] std::string text() const { return "Ticket " + house.tokens.notification_ticket(ticket); }
  House::Reply get(const std::string& authorization) {
    return house.call("GET", kPath, {{"Authorization", authorization}});
  }
  House::Reply get() { return get(text()); }
  House::Reply settle(const std::string& body, Fields fields = {}) {
    fields.emplace_back("Authorization", text());
    return house.call("POST", kPath, fields, body);
  }
  House::Reply dismiss() { return settle(R"({"userActionState": "dismissed"})"); }
  [[nodiscard]] std::string path() const { return "/beta/me/notifications/" + ticket.notification.str(); }
};

std::string told(const House::Reply& reply) {
  return std::to_string(reply.status) + " " + reply.at("/error/code") + " " + reply.at("/error/innerError/code");
}

TEST(NotificationTicket, shows_the_notification_and_does_not_say_whose_it_is) {
  Shown shown;

  const auto reply = shown.get();

  ASSERT_EQ(reply.status, 200) << reply.body;
  EXPECT_EQ(reply.at("/id"), shown.ticket.notification.str());
  EXPECT_EQ(reply.at("/payload/visualContent/title"), "Hello");
  EXPECT_EQ(reply.at("/userActionState"), "noInteraction");
  EXPECT_EQ(reply.header("ETag"), shown.etag);
  EXPECT_FALSE(reply.body.contains("alice")) << reply.body;
  EXPECT_EQ(shown.house.call("GET", "/v1.0/Notifications/Ticket/", {{"authorization", shown.text()}}).status, 200);
}

TEST(NotificationTicket, counts_as_fetched_by_its_endpoint) {
  Shown shown;
  const auto state = [&] {
    return shown.house.call("GET", shown.path() + "/deliveries", {shown.house.as(shown.house.alice)})
        .at("/value/0/state");
  };
  EXPECT_EQ(state(), "pending");

  EXPECT_EQ(shown.get().status, 200);

  EXPECT_EQ(state(), "acknowledged");
}

TEST(NotificationTicket, settles_it_as_its_endpoint) {
  Shown shown;

  const auto reply = shown.dismiss();

  ASSERT_EQ(reply.status, 200) << reply.body;
  EXPECT_EQ(reply.at("/userActionState"), "dismissed");
  EXPECT_EQ(reply.at("/handledBy/deviceName"), "phone");
  EXPECT_NE(reply.header("X-New-ETag"), reply.header("X-Base-ETag"));
  EXPECT_EQ(shown.get().at("/userActionState"), "dismissed");
  const auto seen = shown.house.store->read_now([&](store::Connection& tx) {
    return store::feeds::notification(tx, shown.house.feed, shown.ticket.notification).value();
  });
  EXPECT_EQ(seen.maker, shown.ticket.subscription);
}

TEST(NotificationTicket, takes_what_a_patch_takes) {
  Shown shown;
  EXPECT_EQ(told(shown.settle("[]")), "400 badRequest notAnObject");
  EXPECT_EQ(told(shown.settle(R"({"readState": "red"})")), "400 badRequest propertyInvalid");
  EXPECT_EQ(told(shown.settle(R"({"readState": "read", "contentVersion": 2})")), "412 contentChanged (none)");
  const std::string read = R"({"readState": "read", "contentVersion": 1})";
  EXPECT_EQ(shown.settle(read, {{"If-Match", shown.etag}, {"Prefer", "return=minimal"}}).status, 204);
  EXPECT_EQ(told(shown.settle(read, {{"If-Match", shown.etag}})), "412 resourceModified (none)");
}

TEST(NotificationTicket, nothing_else_opens_it) {
  Shown shown;
  auto stranger = shown.text();
  stranger[20] = stranger[20] == 'A' ? 'B' : 'A';
  const std::string token = shown.house.as(shown.house.alice).second;
  const auto foreign = crypto::SealingKey::generate();

  const auto none = shown.house.call("GET", kPath);
  EXPECT_EQ(told(none), "401 InvalidAuthenticationToken tokenMissing");
  EXPECT_TRUE(none.header("WWW-Authenticate").starts_with("Ticket realm=\"heliograph\", error=")) << none.body;
  for (const std::string& other :
       {token, stranger, "Ticket " + token.substr(7), "Ticket " + shown.unsid, std::string("Ticket"),
        "Ticket " + feed::Tokens(foreign, 7).notification_ticket(shown.ticket), shown.text().substr(7)}) {
    const auto reply = shown.get(other);
    EXPECT_EQ(told(reply), "401 InvalidAuthenticationToken tokenInvalid") << other;
    EXPECT_EQ(reply.at("/error/message"), "Authorization is not Ticket and a ticket that was made here");
    EXPECT_TRUE(reply.header("WWW-Authenticate").starts_with("Ticket ")) << other;
  }
}

TEST(NotificationTicket, opens_nothing_else) {
  Shown shown;
  const Fields fields{{"Authorization", shown.text()}};
  for (const std::string& path : {std::string("/beta/me"), std::string("/beta/me/notifications"), shown.path(),
                                  shown.path() + "/deliveries", std::string("/v2/feeds/me/subscriptions")}) {
    EXPECT_EQ(shown.house.call("GET", path, fields).status, 401) << path;
  }
  EXPECT_EQ(shown.house.call("PATCH", shown.path(), fields, R"({"readState": "read"})").status, 401);
  const std::string batch = R"({"requests": [{"id": "1", "method": "GET", "url": "/notifications/ticket"}]})";
  EXPECT_EQ(shown.house.call("POST", "/beta/$batch", fields, batch).status, 401);
  EXPECT_EQ(shown.house.call("POST", "/beta/$batch", {shown.house.as(shown.house.alice)}, batch).status, 400);
}

TEST(NotificationTicket, ends_with_its_notification) {
  Shown shown;
  shown.post(R"(, "expirationDateTime": ")" + iso(shown.house.clock.now() + hours(1)) + "\"");
  shown.house.clock.advance(hours(1));

  EXPECT_EQ(told(shown.get()), "401 InvalidAuthenticationToken tokenExpired");
  EXPECT_EQ(told(shown.dismiss()), "401 InvalidAuthenticationToken tokenExpired");
}

TEST(NotificationTicket, ends_with_its_subscription) {
  Shown shown;
  shown.house.call("DELETE", "/v1/feeds/me/subscriptions/" + shown.unsid, {shown.house.as(shown.house.alice)});

  EXPECT_EQ(told(shown.get()), "410 subscriptionEnded unsubscribed");
  EXPECT_EQ(told(shown.dismiss()), "410 subscriptionEnded unsubscribed");
}

TEST(NotificationTicket, is_of_no_use_for_content_that_was_replaced_or_recalled) {
  Shown shown;
  const auto before = shown.ticket;
  shown.post();
  const auto after = std::exchange(shown.ticket, before);

  EXPECT_EQ(told(shown.get()), "412 contentChanged (none)");
  EXPECT_EQ(told(shown.dismiss()), "412 contentChanged (none)");
  shown.ticket = after;
  EXPECT_EQ(shown.get().status, 200);
  EXPECT_EQ(shown.house.call("DELETE", shown.path(), {shown.house.as(shown.house.alice)}).status, 204);
  EXPECT_EQ(told(shown.get()), "404 itemNotFound (none)");
  EXPECT_EQ(told(shown.dismiss()), "404 itemNotFound (none)");
}

TEST(NotificationTicket, gives_no_more_than_the_user_and_the_application_may) {
  const auto refused = [](const std::function<void(House&)>& change) {
    Shown shown;
    change(shown.house);
    shown.house.registry.load();
    EXPECT_EQ(told(shown.get()), told(shown.dismiss()));
    return told(shown.get());
  };
  const auto write = [](House& house, const std::function<void(store::Connection&)>& work) {
    house.store->transact_now(work);
  };
  EXPECT_EQ(refused([&](House& house) {
              house.alice.blocked = true;
              write(house, [&](store::Connection& tx) { EXPECT_TRUE(store::users::update(tx, house.alice)); });
            }),
            "403 accessDenied userBlocked");
  EXPECT_EQ(refused([&](House& house) {
              write(house, [&](store::Connection& tx) {
                auto application = store::applications::find(tx, house.client_app).value();
                application.blocked = true;
                EXPECT_TRUE(store::applications::update(tx, application));
              });
            }),
            "403 accessDenied applicationBlocked");
  EXPECT_EQ(refused([&](House& house) {
              write(house, [&](store::Connection& tx) {
                store::cross_device::remove_member(tx, house.app, house.client_app);
              });
            }),
            "403 accessDenied targetNotAllowed");
}

}  // namespace
}  // namespace hg::api
