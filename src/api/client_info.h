// X-AFS-ClientInfo: "os=android; lcid=en-; deviceModel=Google/Pixel 3", as client libraries of the retired service
// send.
#pragma once

#include <string>
#include <string_view>

namespace hg::api {

struct ClientInfo {
  std::string locale;        // lcid
  std::string device_model;  // deviceModel
};
// What is not there, too long (256 bytes) or no UTF-8 is empty.
ClientInfo parse_client_info(std::string_view header);

}  // namespace hg::api
