#include <gtest/gtest.h>

#include "pushsim/mail.h"
#include "pushsim/xml.h"

namespace hg::pushsim {
namespace {

TEST(ReadXml, reads_a_toast) {
  const auto xml = read_xml(
      "<?xml version='1.0'?>\n<!-- c --><toast launch='{&quot;a&quot;:1}'>\n <text>A &amp; &#x42; "
      "<![CDATA[<c>]]></text>"
      "<image/></toast>");
  ASSERT_TRUE(xml) << xml.error().message;
  EXPECT_EQ(xml->root, "toast");
  EXPECT_EQ(xml->texts, std::vector<std::string>{"A & B <c>"});
}

TEST(ReadXml, refuses_what_is_not_well_formed) {
  for (const std::string_view bad : {"",
                                     "text",
                                     "<a>",
                                     "<a></b>",
                                     "<a/><b/>",
                                     "<a b=c/>",
                                     "<a b='1' b='2'/>",
                                     "<a>&nbsp;</a>",
                                     "<a>&#0;</a>",
                                     "<a b='<'/>",
                                     "<!DOCTYPE a><a/>",
                                     "<a>\x01</a>",
                                     "<a>\xff</a>",
                                     "<a b='1'c='2'/>",
                                     "<a",
                                     "<a b='x",
                                     "<1/>",
                                     "<a>&amp</a>",
                                     "<a><!-- </a>",
                                     "</a>"})
    EXPECT_FALSE(read_xml(bad)) << bad;
  std::string deep;
  for (int i = 0; i < 100; ++i) deep += "<a>";
  EXPECT_FALSE(read_xml(deep));
}

constexpr const char* kHead = "From: Sim <sim@example.com>\r\nDate: Wed, 25 Nov 2026 12:00:00 +0000\r\n";

TEST(ReadMail, decodes_header_and_parts) {
  const auto mail =
      read_mail(std::string(kHead) +
                "Subject: =?utf-8?B?R3LDvMOf?=\r\n =?utf-8?Q?e_du?=\r\nMIME-Version: 1.0\r\n"
                "Content-Type: multipart/alternative; boundary=\"x y\"\r\n\r\nno part\r\n--x y\r\n"
                "Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: "
                "quoted-printable\r\n\r\nGr=C3=BC=\r\n=C3=9Fe\r\n"
                "--x y\r\nContent-Type: text/html\r\nContent-Transfer-Encoding: base64\r\n\r\nPGI+\r\n--x y--\r\n");
  EXPECT_TRUE(mail.problems.empty()) << mail.problems.front();
  EXPECT_EQ(mail.details.at("subject"), "Grüße du");
  EXPECT_EQ(mail.details.at("parts"), (json::array{json::object{{"type", "text/plain"}, {"text", "Grüße"}},
                                                   json::object{{"type", "text/html"}, {"text", "<b>"}}}));
}

TEST(ReadMail, says_what_is_wrong) {
  const auto problem = [](const std::string& raw) {
    const auto mail = read_mail(raw);
    return mail.problems.empty() ? std::string() : mail.problems.front();
  };
  EXPECT_EQ(problem(std::string(kHead) + "\r\nhello\r\n"), "");
  EXPECT_EQ(problem("Date: x\r\n\r\nhello\r\n"), "there must be one from field (RFC 5322 §3.6)");
  EXPECT_EQ(problem(std::string(kHead) + "Subject: a\r\nSubject: b\r\n\r\n"), "subject stands there twice");
  EXPECT_EQ(problem(std::string(kHead) + "Subject: Grüße\r\n\r\n"),
            "subject has characters beyond ASCII that are not encoded (RFC 2047)");
  EXPECT_EQ(problem(std::string(kHead) + "\r\nbare\nline\r\n"), "a CR or LF stands alone (RFC 5321 §2.3.8)");
  EXPECT_EQ(problem(std::string(kHead) + "\r\n" + std::string(999, 'x') + "\r\n"),
            "a line has more than 998 characters (RFC 5322 §2.1.1)");
  EXPECT_EQ(problem(std::string(kHead) + "\r\nGrüße\r\n"), "characters beyond ASCII without MIME-Version");
  EXPECT_EQ(problem(std::string(kHead) + "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n"),
            "a multipart without its boundaries");
}

}  // namespace
}  // namespace hg::pushsim
