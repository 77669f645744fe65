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

std::string value_of(std::string_view placeholder,
                     std::initializer_list<std::pair<std::string_view, std::string>> values) {
  if (placeholder == "style_html") return std::string(page("style.css"));
  const auto found = std::ranges::find(values, placeholder, &std::pair<std::string_view, std::string>::first);
  if (found == values.end()) throw std::logic_error(fmt::format("no value for {{{{{}}}}}", placeholder));
  return placeholder.ends_with("_html") ? found->second : html_escape(found->second);
}

std::string hash_source(std::string_view text) { return fmt::format("'sha256-{}'", base64(crypto::sha256(text))); }

// Of the <style> element, as it stands in every page: with the line ends around it.
const std::string& style_source() {
  static const std::string source = hash_source("\n" + std::string(page("style.css")) + "\n");
  return source;
}

}  // namespace

std::string fill_page(std::string_view name, std::initializer_list<std::pair<std::string_view, std::string>> values) {
  std::string html;
  std::string_view rest = page(name);
  while (true) {
    const std::size_t open = rest.find("{{");
    html += rest.substr(0, open);
    if (open == std::string_view::npos) return html;
    rest.remove_prefix(open + 2);
    const std::size_t close = rest.find("}}");
    html += value_of(rest.substr(0, close), values);
    rest.remove_prefix(close + 2);
  }
}

net::Response page_response(int status, std::string html, std::string_view form_action, std::string_view script) {
  net::Response response;
  response.status = status;
  response.headers.add("Content-Type", "text/html; charset=utf-8");
  response.headers.add(
      "Content-Security-Policy",
      fmt::format("default-src 'none'; style-src {}; script-src {}; form-action 'self'{}{}; frame-ancestors 'none'; "
                  "base-uri 'none'",
                  style_source(), script.empty() ? "'none'" : hash_source(script), form_action.empty() ? "" : " ",
                  form_action));
  response.headers.add("X-Content-Type-Options", "nosniff");
  response.headers.add("X-Frame-Options", "DENY");
  response.headers.add("Referrer-Policy", "no-referrer");
  response.headers.add("Cross-Origin-Resource-Policy", "same-origin");
  // A client's pop-up window reads its own address once it is back: the opener must stay.
  response.headers.add("Cross-Origin-Opener-Policy", "unsafe-none");
  response.headers.add("Cache-Control", "no-store");
  response.body = std::move(html);
  return response;
}

}  // namespace hg::api
