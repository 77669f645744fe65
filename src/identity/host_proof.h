// How a cross-device app shows that its host name is its own: a file on the host that names one of its applications,
// as the retired service asked for, or a TXT record with a value that only it is told.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/id.h"
#include "crypto/seal.h"

namespace hg::identity {

inline constexpr std::string_view kHostFile = "cross-platform-app-identifiers";
inline constexpr std::string_view kTxtName = "heliograph=";

// Of the TXT record, behind kTxtName; the same again at any time.
std::string host_proof_value(const AppId& app, const crypto::SealingKey& key);

// "" where the file names a client id of one of `members`, under msa, aad or heliograph; otherwise why not.
std::string judge_host_file(std::string_view text, const std::vector<ApplicationId>& members);
std::string judge_txt_records(const std::vector<std::string>& records, std::string_view value);

}  // namespace hg::identity
