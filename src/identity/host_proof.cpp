#include "identity/host_proof.h"

#include <algorithm>

#include "base/json.h"
#include "crypto/hash.h"
#include "identity/claims.h"

namespace hg::identity {

std::string host_proof_value(const AppId& app, const crypto::SealingKey& key) {
  const auto mac = crypto::hmac_sha256(key.subkey("host proofs").bytes(), {app.view()});
  return base64url(Bytes(mac).first(18));
}

std::string judge_host_file(std::string_view text, const std::vector<ApplicationId>& members) {
  const auto document = parse_json(text);
  if (!document || !document->is_array()) return "the file is no JSON array";
  for (const auto& entry : document->get_array()) {
    if (!entry.is_object()) continue;
    const std::string platform = lower(text_in(entry.get_object(), "platform"));
    const auto named = ApplicationId::parse(text_in(entry.get_object(), "application"));
    const bool ours = platform == "msa" || platform == "aad" || platform == "heliograph";
    if (ours && named && std::ranges::find(members, *named) != members.end()) return "";
  }
  return "the file names none of the cross-device app's applications under heliograph, aad or msa";
}

std::string judge_txt_records(const std::vector<std::string>& records, std::string_view value) {
  const std::string wanted = std::string(kTxtName) + std::string(value);
  if (std::ranges::find(records, wanted) != records.end()) return "";
  return "no TXT record of the host is " + wanted;
}

}  // namespace hg::identity
