// Just enough XML to tell whether a toast is well-formed, and what it says: elements, attributes, texts, entities. No
// document types, as WNS takes none.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace hg::pushsim {

struct Xml {
  std::string root;
  std::vector<std::string> texts;  // of elements that hold text, in order, decoded
};

// Code::property_invalid says where it goes wrong.
Result<Xml> read_xml(std::string_view text);

}  // namespace hg::pushsim
