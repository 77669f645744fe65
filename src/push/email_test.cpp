#include "push/email.h"

#include "push/html.h"
#include "push/testing.h"

namespace hg::push {
namespace {

const MailRelay kRelay{.url = "smtps://relay.example",
                       .user = "u",
                       .password = "p",
                       .from_address = "heliograph@contoso.example",
                       .from_name = "Contoso"};

Message mail(Mail content) {
  Message made{.kind = Message::Kind::mail, .id = "119081f2-0000-4000-8000-000000000001"};
  made.mail = std::move(content);
  return made;
}

std::string decoded(const std::string& text, std::string_view type) {
  const auto at = text.find("\r\n\r\n", text.find("Content-Type: " + std::string(type))) + 4;
  std::string encoded = text.substr(at, text.find("\r\n--", at) - at);
  std::erase_if(encoded, [](char c) { return c == '\r' || c == '\n'; });
  return std::string(as_text(from_base64(encoded).value_or(Buffer())));
}

TEST(Email, names_the_notification_so_that_a_repeated_one_is_the_same) {
  const auto text =
      mail_text(mail({.subject = "You have mail", .body = "Look."}), kRelay, "user@contoso.example", kNow);

  EXPECT_TRUE(
      text.starts_with("From: \"Contoso\" <heliograph@contoso.example>\r\nTo: user@contoso.example\r\n"
                       "Subject: You have mail\r\nDate: Fri, 15 Jan 2027 08:00:00 +0000\r\n"
                       "Message-ID: <119081f2-0000-4000-8000-000000000001@contoso.example>\r\n"));
  EXPECT_TRUE(text.contains("Auto-Submitted: auto-generated\r\n"));
  EXPECT_EQ(decoded(text, "text/plain"), "Look.");
}

TEST(Email, shows_the_app_as_sender_and_says_who_sends) {
  const auto text = mail_text(mail({.from_address = "news@app.example",
                                    .from_name = "Die \"App\" für alle",
                                    .subject = "Ü" + std::string(100, 'x'),
                                    .body = "x"}),
                              kRelay, "user@contoso.example", kNow);

  EXPECT_TRUE(text.contains("From: =?UTF-8?B?RGllICJBcHAiIGbDvHIgYWxsZQ==?= <news@app.example>\r\n"));
  EXPECT_TRUE(text.contains("Sender: \"Contoso\" <heliograph@contoso.example>\r\n"));
  for (std::size_t at = 0; at < text.size();) {
    const auto end = text.find("\r\n", at);
    EXPECT_LE(end - at, 78U);
    at = end + 2;
  }
}

TEST(Email, html_comes_sanitized_and_with_a_text_beside_it) {
  const auto text =
      mail_text(mail({.subject = "s", .body = "<p>Hi &amp; <b>hello</b><script>x()</script></p>", .html = true}),
                kRelay, "user@contoso.example", kNow);

  EXPECT_TRUE(text.contains("multipart/alternative"));
  EXPECT_TRUE(decoded(text, "text/html").contains("<p>Hi &amp; <b>hello</b></p>"));
  EXPECT_EQ(decoded(text, "text/plain"), "Hi & hello");
}

TEST(Email, the_relay_s_answers_are_judged) {
  using Why = net::Unreached::Why;
  const auto judged = [](Why why, int status) {
    return told(judge_mail(std::unexpected(net::Unreached{.why = why, .what = "", .status = status})));
  };
  EXPECT_EQ(told(judge_mail(answer(250))), "delivered");
  EXPECT_EQ(judged(Why::login, 535), "credentials: 535 (alarm)");
  EXPECT_EQ(judged(Why::login, 454), "retry everywhere: 454");
  EXPECT_EQ(judged(Why::broken, 550), "rejected: 550");
  EXPECT_EQ(judged(Why::broken, 450), "retry: 450");
  EXPECT_EQ(judged(Why::broken, 421), "retry everywhere: 421");
  EXPECT_EQ(judged(Why::time, 0), "retry everywhere: timed out");
  EXPECT_EQ(judged(Why::tls, 220), "retry everywhere: no secure connection (alarm)");
}

TEST(Email, addresses_cannot_say_more_than_where) {
  EXPECT_TRUE(is_mail_address("user@contoso.example"));
  EXPECT_TRUE(is_mail_address("user+tag@sub.contoso.example"));
  for (const char* none :
       {"", "user", "@contoso.example", "user@", "a b@c", "a@b>\r\nRCPT TO:<x@y", "<a@b>", "a,b@c", "ü@b"})
    EXPECT_FALSE(is_mail_address(none)) << none;
}

TEST(Html, keeps_what_shapes_text_and_leads_somewhere_harmless) {
  EXPECT_EQ(sanitized("<h1>A</h1><p class=x onclick='y()'>b<br/>c</p>"), "<h1>A</h1><p>b<br>c</p>");
  EXPECT_EQ(sanitized("<a href=\"https://x.example/?a=1&amp;b=2\">x</a>"),
            "<a href=\"https://x.example/?a=1&amp;b=2\" rel=\"noreferrer\">x</a>");
  EXPECT_EQ(sanitized("5 < 6 & 7 > 2 &lt; &#39; \"q\""), "5 &lt; 6 &amp; 7 &gt; 2 &lt; &#39; &quot;q&quot;");
}

TEST(Html, leaves_out_whatever_could_act) {
  for (const char* html :
       {"<script>alert(1)</script>", "<SCRIPT src=//x>alert(1)</SCRIPT >", "<style>*{}</style>",
        "<iframe src=x></iframe>", "<img src=x onerror=alert(1)>", "<svg onload=alert(1)><a href=x></svg>",
        "<script>alert(1)", "<!-- <b> -->", "<!DOCTYPE html>", "<?php ?>", "<form action=x><input></form>",
        "<meta http-equiv=refresh content=0>", "<base href=//x>"})
    EXPECT_EQ(sanitized(html), "") << html;
  for (const char* href :
       {"javascript:alert(1)", "JaVaScRiPt:alert(1)", "data:text/html,x", "java&#115;cript:x", " javascript:x", "//x"})
    EXPECT_EQ(sanitized(std::string("<a href='") + href + "'>x</a>"), "<a>x</a>") << href;
  EXPECT_EQ(sanitized("<a href='https://x\"onmouseover=\"y()'>x</a>"),
            "<a href=\"https://x&quot;onmouseover=&quot;y()\" rel=\"noreferrer\">x</a>");
  EXPECT_EQ(sanitized("<p <script>x</p>"), "<p>x</p>");
  EXPECT_EQ(sanitized("<scr<script>ipt>x"), "ipt&gt;x");
}

TEST(Html, closes_what_is_open_and_only_that) {
  EXPECT_EQ(sanitized("<p><b>x"), "<p><b>x</b></p>");
  EXPECT_EQ(sanitized("x</div></p>"), "x");
  EXPECT_EQ(sanitized("<p><b>x</p>y</b>"), "<p><b>x</b></p>y");
  EXPECT_EQ(plain_text("<p>a</p><p>b<br>c &lt;&amp;lt;</p><style>x</style>"), "a\nb\nc <&lt;");
}

}  // namespace
}  // namespace hg::push
