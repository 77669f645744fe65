// targetPolicy, fallbackPolicy and deliveryPolicy of a notification: read, checked, merged by a PATCH.
#pragma once

#include "model/notification.h"
#include "model/reading.h"

namespace hg::model {

struct Policies {
  json::object given;                     // those that were given, canonical; null where null was given
  std::optional<PlatformMask> platforms;  // where targetPolicy was given; null or an empty list is kAllPlatforms
};
Policies read_policies(const Reading& body);

// What holds between policies and content: endpointFallback is for raw notifications of priority High (with a visual
// payload it does nothing). Mistakes lie below `path`.
void check_policies(const Content& content, const json::object& policies, std::string_view path, Mistakes& mistakes);

// The UTF-8 bytes of the texts in payload and fallbackPolicy over kMaxContentBytes: Code::too_large. Of a body as sent,
// and of what a PATCH makes.
Result<void> check_size(const Reading& body);
Result<void> check_size(const Content& content, const json::object& policies);

json::object parse_policies(std::string_view stored);     // of Content::policies
std::string policies_text(const json::object& policies);  // the other way; null members are left out
void merge_policies(json::object& into, const json::object& patch);

}  // namespace hg::model
