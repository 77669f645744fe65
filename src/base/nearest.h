// What somebody may have meant by a name that there is not.
#pragma once

#include <cstddef>
#include <string_view>

namespace hg {

// Levenshtein: letters to put in, take out or change.
std::size_t edit_distance(std::string_view a, std::string_view b);

}  // namespace hg
