// The lanes of all destinations of a loop.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <functional>
#include <list>
#include <memory>
#include <random>
#include <string>
#include <unordered_map>

#include "push/lane.h"

namespace hg::push {

class Lanes {
 public:
  // Longer than that nobody waits for a turn, and no more than so many to one destination.
  static constexpr Duration kLongestWait = std::chrono::seconds(2);
  static constexpr std::size_t kMostWaiting = 1024;

  Lanes(boost::asio::any_io_executor loop, const Clock& clock);

  // Sends when it is its turn at the destination; `retry` at once where that is closed or has too many waiting.
  boost::asio::awaitable<Verdict> run(std::string destination, std::function<boost::asio::awaitable<Verdict>()> send);

  [[nodiscard]] std::size_t size() const { return lines_.size(); }

 private:
  struct Waiter;
  struct Line {
    Lane lane;
    std::list<Waiter*> waiting;
    Time used_at{};
  };
  struct Going;

  std::shared_ptr<Line> line_to(const std::string& destination);
  boost::asio::awaitable<bool> turn(Line& line);
  void next(Line& line);

  boost::asio::any_io_executor loop_;
  const Clock& clock_;
  std::unordered_map<std::string, std::shared_ptr<Line>> lines_;
  std::mt19937_64 random_{std::random_device{}()};
};

}  // namespace hg::push
