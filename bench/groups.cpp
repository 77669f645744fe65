// Posts through the real writer and store with nothing around them: no HTTP, no JSON, no tokens. One thread keeps so
// many of them in flight, each to the next user.
//   groups URL SECONDS IN-FLIGHT PID      of a filled PostgreSQL database; PID: of its server
#include <cstdlib>

#include "posts.h"

namespace {

using namespace hg;

std::vector<FeedKey> feeds_of(store::Database& database) {
  return database.read_now([](store::Connection& tx) {
    return tx.all("SELECT user_id, app_id FROM feeds", {},
                  [](const store::Row& row) { return FeedKey{row.id<UserId>(0), row.id<AppId>(1)}; });
  });
}

double counted(std::string_view page, std::string_view name) {
  const auto line = page.find(fmt::format("\n{} ", name));
  return line == std::string_view::npos ? 0 : std::atof(page.data() + line + name.size() + 2);
}

double mean_group(const feed::Writer& writer) {
  metrics::Page page;
  writer.measure(page);
  const auto text = page.text();
  return counted(text, "heliograph_writer_group_size_sum") / counted(text, "heliograph_writer_group_size_count");
}

json::object measure(const char* url, double seconds, std::size_t in_flight, int server) {
  const auto database = store::Database::open({.url = url}, SystemClock().now());
  if (!database) throw std::runtime_error(database.error().message);
  bus::Local bus;
  feed::Writer writer(
      **database, bus,
      {.host_name = [](const AppId&) { return std::string(); }, .followed = [](const FeedKey&) { return false; }});
  auto figures = bench::Posts(writer, feeds_of(**database), seconds, server).run(in_flight);
  (*database)->stop();
  figures["group"] = mean_group(writer);
  return figures;
}

}  // namespace

int main(int argc, char** argv) try {
  if (argc != 5) {
    fmt::print(stderr, "usage: groups URL SECONDS IN-FLIGHT PID\n");
    return 2;
  }
  const auto in_flight = std::strtoul(argv[3], nullptr, 10);
  fmt::print("{}\n", json::serialize(measure(argv[1], std::atof(argv[2]), in_flight, std::atoi(argv[4]))));
  return 0;
} catch (const std::exception& error) {
  fmt::print(stderr, "groups: {}\n", error.what());
  return 1;
}
