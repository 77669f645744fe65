// Mail by the operator's relay (RFC 5321, 5322): the last resort of a notification that no device has fetched.
#pragma once

#include <memory>
#include <string>

#include "net/client.h"
#include "push/platforms.h"
#include "push/sender.h"

namespace hg::push {

// As it goes over the wire. The Message-ID is the notification's: sent twice, it is the same mail.
std::string mail_text(const Message& message, const MailRelay& relay, const std::string& to, Time now);
Verdict judge_mail(const net::Reached<net::Answer>& answer);
// An address that can stand in an envelope and a header without anybody escaping anything.
bool is_mail_address(std::string_view text);

Result<void> read(const MailRelay& relay);
Result<std::shared_ptr<Sender>> make(Workshop& workshop, const MailRelay& relay);

}  // namespace hg::push
