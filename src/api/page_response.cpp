#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>

#include "api/pages.h"
#include "base/encoding.h"
#include "crypto/hash.h"

namespace hg::api {

namespace {

std::string_view page(std::string_view name) {
  const auto all = pages();
  const auto found = std::ranges::find(all, name, &EmbeddedFile::name);
  if (found == all.end()) throw std::logic_error(fmt::format("no page {}", name));
  return found->text;
}

void replace_all(std::string& text, const std::string& from, const std::string& to) {
  for (std::size_t at = 0; (at = text.find(from, at)) != std::string::npos; at += to.size())
    text.replace(at, from.size(), to);
}

}  // namespace

std::string fill_page(std::string_view name, std::initializer_list<std::pair<std::string_view, std::string>> values) {
  std::string html(page(name));
  replace_all(html, "{{style_html}}", std::string(page("style.css")));
  for (const auto& [placeholder, value] : values)
    replace_all(html, fmt::format("{{{{{}}}}}", placeholder),
                placeholder.ends_with("_html") ? value : html_escape(value));
  return html;
}

net::Response page_response(int status, std::string html, std::string_view form_action, std::string_view script) {
  net::Response response;
  response.status = status;
  const auto hash_source = [](std::string_view text) {
    const auto digest = crypto::sha256(text);
    return fmt::format("'sha256-{}'", base64(digest));
  };
  const std::string style_text = "\n" + std::string(page("style.css")) + "\n";
  response.headers.add("Content-Type", "text/html; charset=utf-8");
  response.headers.add(
      "Content-Security-Policy",
      fmt::format("default-src 'none'; style-src {}; script-src {}; form-action 'self' {}; frame-ancestors 'none'; "
                  "base-uri 'none'",
                  hash_source(style_text), script.empty() ? "'none'" : hash_source(script), form_action));
  response.headers.add("X-Content-Type-Options", "nosniff");
  response.headers.add("X-Frame-Options", "DENY");
  response.headers.add("Referrer-Policy", "no-referrer");
  response.headers.add("Cross-Origin-Opener-Policy", "unsafe-none");
  response.headers.add("Cache-Control", "no-store");
  response.body = std::move(html);
  return response;
}

}  // namespace hg::api
