// A text file that was built into the program (cmake/Embed.cmake).
#pragma once

#include <span>
#include <string_view>

namespace hg {

struct EmbeddedFile {
  std::string_view name;
  std::string_view text;
};

}  // namespace hg
