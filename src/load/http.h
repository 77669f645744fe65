// HTTP/1.1 as a load generator needs it: request texts, and where an answer ends.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "load/wire.h"

namespace hg::load {

using Fields = std::vector<std::pair<std::string, std::string>>;

std::string request(std::string_view method, std::string_view path, const Address& to, const Fields& fields,
                    std::string_view body = {});

struct Answer {
  int status = 0;
  std::string_view head = {}, body = {};  // of the bytes that were read; a chunked body is left as it is framed
  std::size_t size = 0;                   // of the whole answer

  // A field's value; "" where it is not there.
  [[nodiscard]] std::string_view field(std::string_view name) const;
};

// The answer at the beginning of `bytes`, once it is whole.
std::optional<Answer> whole_answer(std::string_view bytes);

}  // namespace hg::load
