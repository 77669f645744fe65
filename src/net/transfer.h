// One request under way: what libcurl is told of it, and what it brings. Belongs to Client.
#pragma once

#include <curl/curl.h>

#include <boost/system/error_code.hpp>
#include <functional>
#include <memory>
#include <string>
#include <utility>

#include "net/client.h"

namespace hg::net {

struct FreeEasy {
  void operator()(CURL* easy) const { curl_easy_cleanup(easy); }
};
struct FreeList {
  void operator()(curl_slist* list) const { curl_slist_free_all(list); }
};
using Easy = std::unique_ptr<CURL, FreeEasy>;
using List = std::unique_ptr<curl_slist, FreeList>;

// An error of libcurl's that only a mistake of ours explains.
void check(CURLcode code);

// The option's value has the type that libcurl documents.
template <class T>
void set(CURL* easy, CURLoption option, T value) {
  check(curl_easy_setopt(easy, option, value));
}

// What does not change from request to request.
void set_up(CURL* easy, const ClientOptions& options);

// Of one Client.
struct Sockets {
  std::uint64_t made = 0;
  std::size_t open = 0;
};

class Transfer {
 public:
  using Done = std::move_only_function<void(Reached<Answer>)>;

  // `options` and `sockets` outlive it.
  Transfer(Ask ask, const ClientOptions& options, Sockets& sockets, Done done);
  Transfer(Posting posting, const ClientOptions& options, Sockets& sockets, Done done);

  // Lends the handle to this transfer, until finished() or release().
  void take(Easy easy);
  Easy release();
  [[nodiscard]] CURL* easy() const { return easy_.get(); }

  // From libcurl's result to the caller's; called once.
  void finished(CURLcode code);
  void unreached(Unreached why) { done_(std::unexpected(std::move(why))); }

 private:
  void set_request();
  void set_posting();
  [[nodiscard]] Unreached failure(CURLcode code) const;
  static curl_socket_t on_open(void* self, curlsocktype purpose, curl_sockaddr* address);
  static std::size_t on_header(char* data, std::size_t size, std::size_t count, void* self);
  static std::size_t on_body(char* data, std::size_t size, std::size_t count, void* self);
  static int on_progress(void* self, curl_off_t, curl_off_t, curl_off_t, curl_off_t);
  static std::size_t on_upload(char* into, std::size_t size, std::size_t count, void* self);

  const ClientOptions& options_;
  Sockets& sockets_;
  Ask ask_;
  std::unique_ptr<Posting> posting_;
  Done done_;
  Easy easy_;
  List headers_, recipients_;
  Answer answer_;
  std::size_t header_bytes_ = 0, uploaded_ = 0;
  bool too_much_ = false, refused_address_ = false;
  char error_[CURL_ERROR_SIZE] = {};
};

}  // namespace hg::net
