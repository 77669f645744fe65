// The HTML and CSS that were built into the program (src/api/pages), and how a page is answered.
#pragma once

#include <initializer_list>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "base/embedded.h"
#include "net/http.h"

namespace hg::api {

std::span<const EmbeddedFile> pages();

// The page `name` with each {{placeholder}} replaced by its value, HTML-escaped; one whose name ends with `_html` goes
// in as it is. What stands in a value is never taken for a placeholder.
std::string fill_page(std::string_view name, std::initializer_list<std::pair<std::string_view, std::string>> values);

// The one inline script there is: it submits the form of form_post.html.
inline constexpr std::string_view kSubmitScript = "document.forms[0].submit()";

// text/html with the security headers of a page without scripts; `form_action`: where its form may lead besides us;
// `script`: the text of the one inline script it has.
net::Response page_response(int status, std::string html, std::string_view form_action = "",
                            std::string_view script = "");

}  // namespace hg::api
