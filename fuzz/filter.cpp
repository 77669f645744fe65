// The $filter of a list, and the filter it makes.
#include "api/filter.h"

#include <string>

#include "base/encoding.h"
#include "fuzzing.h"

using namespace hg;
using hg::fuzz::promise;

namespace {

model::Notification example(bool bare) {
  model::Notification made;
  made.content.app_notification_id = "order-17";
  made.content.expires_at = from_ms(1'800'000'000'000);
  made.created_at = from_ms(1'790'000'000'000);
  if (bare) return made;
  made.content.group_name = "orders";
  made.modified_at = from_ms(1'790'000'001'000);
  made.read_state = model::ReadState::read;
  return made;
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text(fuzz::Input(data, size).rest());
  if (!valid_utf8(text)) return 0;  // a query is UTF-8 before it is read
  const auto keep = api::parse_filter(text);
  if (!keep) {
    promise(keep.error().code == Code::invalid_query_option, "what is no filter is refused as such");
    promise(valid_utf8(keep.error().message) && keep.error().message.contains("column"), "a refusal names the column");
    return 0;
  }
  const auto refused = api::parse_filter("not (" + text + ")");
  for (const bool bare : {true, false}) {
    const auto notification = example(bare);
    const bool kept = (*keep)(notification);
    if (refused) promise((*refused)(notification) != kept, "not turns it round");
  }
  return 0;
}
