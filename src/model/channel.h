// Where pushes go, read from a subscribe request: channelUrl and crossPlatformChannelData.
#pragma once

#include <optional>
#include <string_view>

#include "model/reading.h"
#include "model/subscription.h"

namespace hg::model {

struct ReadChannel {
  Channel channel;
  Platform counts_as = Platform::none;
  std::string channel_url, app_package_name, app_display_name;
};
ReadChannel read_channel(const Reading& body);

// The host of an absolute https URL without user info, in lower case; nullopt for anything else.
std::optional<std::string> https_host(std::string_view url);

// An uncompressed P-256 point (65 bytes beginning with 4, SEC 1 §2.3.3) as base64url.
bool is_point(std::string_view base64url_text);

}  // namespace hg::model
