#include "api/crowd.h"

#include <algorithm>

#include "base/encoding.h"

namespace hg::api {
namespace {

// What ids are stamped over.
const std::string kRequestId = "00000000-0000-4000-8000-000000000001";
const std::string kClientRequestId = "00000000-0000-4000-8000-000000000002";

std::vector<std::size_t> places_of(const std::string& id, const std::string& text) {
  std::vector<std::size_t> places;
  for (auto at = text.find(id); at != std::string::npos; at = text.find(id, at + 1)) places.push_back(at);
  return places;
}

}  // namespace

std::string Crowd::answer(Shape shape, Time now, const std::string& request_id, const std::string& client_request_id) {
  Form& form = forms_[shape == Shape::feed ? 1 : 0];
  const Time second = std::chrono::floor<std::chrono::seconds>(now);
  if (form.text.empty() || form.made_at != second) {
    form.made_at = second;
    form.text = make_(shape, now, kRequestId, kClientRequestId);
    form.request_ids = places_of(kRequestId, form.text);
    form.client_request_ids = places_of(kClientRequestId, form.text);
  }
  std::string text = form.text;
  for (const auto place : form.request_ids) request_id.copy(text.data() + place, request_id.size());
  for (const auto place : form.client_request_ids)
    client_request_id.copy(text.data() + place, client_request_id.size());
  return text;
}

std::string_view field_of(std::string_view head, std::string_view name) {
  for (auto line = head.find("\r\n"); line != std::string_view::npos; line = head.find("\r\n", line)) {
    line += 2;
    const auto here = head.substr(line, name.size() + 1);
    if (here.size() <= name.size() || here.back() != ':' || !equal_ignoring_case(here.substr(0, name.size()), name))
      continue;
    const auto value = head.substr(line + name.size() + 1);
    return trim(value.substr(0, value.find("\r\n")));
  }
  return "";
}

}  // namespace hg::api
