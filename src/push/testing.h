// Messages and answers for tests.
#pragma once

#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "net/client.h"
#include "push/sender.h"

namespace hg::push {

constexpr Time kNow = from_ms(1'800'000'000'000);

inline Message message(Message::Kind kind) {
  return {.kind = kind,
          .id = "119081f2-0000-4000-8000-000000000001",
          .app_notification_id = "order-7",
          .group = "orders",
          .title = "Hello World!",
          .body = "Notifications are Great!",
          .ttl = std::chrono::hours(1),
          .signal = {.base_etag = "etag-of-version-1",
                     .new_etag = "etag-of-version-2",
                     .cv = "cv.0",
                     .subscription_id = "sub",
                     .unread = 3,
                     .ticket = "ticket",
                     .activities = {R"({"id":"1","title":"Größe"})", R"({"id":"2"})"}}};
}

inline net::Answer answer(int status, std::string body = {},
                          std::vector<std::pair<std::string, std::string>> headers = {}) {
  net::Answer made{.status = status, .body = std::move(body)};
  for (const auto& [name, value] : headers) made.headers.add(name, value);
  return made;
}

inline std::string value_of(const net::Headers& headers, std::string_view name) {
  return std::string(headers.find(name).value_or("(none)"));
}

// "retry everywhere after 60 s: QUOTA_EXCEEDED (alarm)"
inline std::string told(const Verdict& verdict) {
  std::string text(name(verdict.outcome));
  if (verdict.everywhere) text += " everywhere";
  if (verdict.retry_after) text += " after " + std::to_string(verdict.retry_after->count() / 1000) + " s";
  if (!verdict.reason.empty()) text += ": " + verdict.reason;
  return text + (verdict.alarm ? " (alarm)" : "");
}

}  // namespace hg::push
