// HTML of an app server's, made harmless for a mail: what is not known to be harmless is left out.
#pragma once

#include <string>
#include <string_view>

namespace hg::push {

// Elements that shape text, and http(s) and mailto links; no scripts, styles, forms, frames, images, handlers. What is
// no HTML at all comes out as text.
std::string sanitized(std::string_view html);
// What is read where HTML is not shown.
std::string plain_text(std::string_view html);

}  // namespace hg::push
