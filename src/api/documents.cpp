#include "api/documents.h"

#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>

namespace hg::api::documents {
namespace {

// The same for everybody until the program is another.
net::Response public_response(std::string body) {
  auto response = json_response(200, std::move(body));
  response.headers.set("Cache-Control", "public, max-age=300");
  return response;
}

}  // namespace

std::string_view file(std::string_view name) {
  const auto all = files();
  const auto found = std::ranges::find(all, name, &EmbeddedFile::name);
  if (found == all.end()) throw std::logic_error(fmt::format("no document {}", name));
  return found->text;
}

Answer metadata(Call&) {
  auto response = public_response(std::string(file("metadata.xml")));
  response.headers.set("Content-Type", "application/xml");
  co_return response;
}

Answer openapi(Call& call) {
  static const std::string text = openapi_text(call.services.settings.version);
  co_return public_response(text);
}

}  // namespace hg::api::documents
