// For tests: a feed with some notifications in it, and the pages of its lists.
#pragma once

#include "api/testing.h"

namespace hg::api {

inline constexpr std::string_view kList = "/beta/me/notifications";

// Alice has "one" (group a, expires last) … "four" (group b, expires first), a second apart; "two" is read.
struct Lists : House {
  House::Fields fields{as(alice)};
  std::vector<std::string> ids;

  Lists() {
    int days = 9;
    for (const std::string name : {"one", "two", "three", "four"}) {
      clock.advance(std::chrono::seconds(1));
      const std::string more = R"(, "groupName": ")" + std::string(name == "one" || name == "two" ? "a" : "b") +
                               R"(", "expirationDateTime": ")" + iso(clock.now() + std::chrono::days(days--)) + "\"";
      ids.push_back(call("POST", kList, fields, body(name, more)).at("/id"));
    }
    EXPECT_EQ(call("PATCH", at(1), fields, R"({"readState": "read"})").status, 200);
  }

  [[nodiscard]] std::string at(std::size_t index) const { return std::string(kList) + "/" + ids.at(index); }
  Reply list(std::string_view query, Fields more = {}) {
    more.push_back(fields.front());
    return call("GET", std::string(kList) + "?" + std::string(query), more);
  }
  Reply follow(const std::string& link) {
    EXPECT_TRUE(link.starts_with(kBase)) << link;
    return call("GET", std::string_view(link).substr(kBase.size()), fields);
  }
  // The names on a page, as "four,three".
  static std::string names(const Reply& page) {
    EXPECT_EQ(page.status, 200) << page.body;
    std::string names;
    const auto whole = page.json();
    for (const auto& one : whole.at("value").as_array())
      names.append(names.empty() ? "" : ",").append(std::string(one.at("appNotificationId").as_string()));
    return names;
  }
  // All pages by their links, joined by a slash.
  std::string walk(std::string_view query) {
    auto page = list(query);
    std::string all = names(page);
    while (page.at("/@odata.nextLink") != "(none)") {
      page = follow(page.at("/@odata.nextLink"));
      all += "/" + names(page);
    }
    return all;
  }
  static void refused(const Reply& reply, std::string_view target) {
    EXPECT_EQ(reply.status, 400) << reply.body;
    EXPECT_EQ(reply.at("/error/innerError/code"), "invalidQueryOption");
    EXPECT_EQ(reply.at("/error/target"), target);
  }
};

}  // namespace hg::api
