// What the program says of itself: the OData schema, and OpenAPI 3.1 made from the route table.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "api/context.h"
#include "base/embedded.h"

namespace hg::api::documents {

// The files of src/api/documents, built into the program: metadata.xml, parameters.json, and the schemas of each API.
std::span<const EmbeddedFile> files();
std::string_view file(std::string_view name);  // throws where there is none

// The whole document. Throws where a row names a schema or parameter that is in no file.
std::string openapi_text(std::string_view version);

Answer metadata(Call& call);
Answer openapi(Call& call);

}  // namespace hg::api::documents
