// HTML for mails as an app server posts it: whatever comes in, only harmless elements come out.
#include "push/html.h"

#include <string>

#include "fuzzing.h"

using namespace hg;
using hg::fuzz::promise;

namespace {

// <name>, </name>, or a link: nothing else begins with '<'.
bool harmless(std::string_view tag) {
  if (tag.starts_with("a href=\"")) {
    const std::string_view target = tag.substr(8);
    const auto end = target.find('"');
    return end != std::string_view::npos && target.substr(end) == "\" rel=\"noreferrer\"" &&
           target.find_first_of("<>") == std::string_view::npos;
  }
  if (tag.starts_with('/')) tag.remove_prefix(1);
  return !tag.empty() && tag.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789") == std::string_view::npos &&
         tag != "script" && tag != "style" && tag != "iframe" && tag != "img" && tag != "form" && tag != "svg";
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view html(reinterpret_cast<const char*>(data), size);
  const std::string clean = push::sanitized(html);
  for (std::size_t at = 0; (at = clean.find('<', at)) != std::string::npos; ++at) {
    const auto end = clean.find('>', at);
    promise(end != std::string::npos, "every tag ends");
    promise(harmless(std::string_view(clean).substr(at + 1, end - at - 1)), "only harmless tags are left");
  }
  promise(push::sanitized(clean) == clean, "what is clean stays as it is");
  promise(push::plain_text(html).size() <= html.size() + 1, "a text is no longer than its HTML");
  return 0;
}
