#include "app/archive.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <iterator>

#include "store/testing.h"

namespace hg::app {
namespace {

const auto nobody_asks = [](std::int64_t, std::int64_t) {};

std::string text_of(const std::string& file) {
  std::ifstream in(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}
void put(const std::string& file, std::string_view text) { std::ofstream(file, std::ios::binary) << text; }

struct Sealed {
  store::TemporaryFolder folder;
  std::string file = folder.file("backup");
  std::string large = std::string(64 * 1024 * 3, 'x') + "the end";

  Sealed() {
    put(folder.file("large"), large);
    auto writer = ArchiveWriter::create(file, "passphrase");
    EXPECT_TRUE(writer);
    EXPECT_TRUE(writer->add("small", as_bytes("one")));
    EXPECT_TRUE(writer->add("empty", {}));
    EXPECT_TRUE(writer->add_file("large", folder.file("large"), nobody_asks));
    const auto size = writer->finish();
    EXPECT_TRUE(size);
    EXPECT_EQ(*size, static_cast<std::int64_t>(std::filesystem::file_size(file)));
  }

  // Reads it to its end; "" where it is whole.
  [[nodiscard]] std::string read(std::string_view passphrase = "passphrase") const {
    auto reader = ArchiveReader::open(file, passphrase);
    if (!reader) return reader.error().message;
    for (;;) {
      const auto entry = reader->next();
      if (!entry) return entry.error().message;
      if (!*entry) return "";
      if (const auto content = reader->content(**entry, 1'000'000); !content) return content.error().message;
    }
  }
};

TEST(Archive, gives_back_what_was_put_in) {
  const Sealed sealed;
  auto reader = ArchiveReader::open(sealed.file, "passphrase");
  ASSERT_TRUE(reader) << reader.error().message;

  auto entry = reader->next();
  ASSERT_TRUE(entry && *entry);
  EXPECT_EQ((*entry)->name, "small");
  EXPECT_EQ(as_text(*reader->content(**entry, 100)), "one");
  entry = reader->next();
  ASSERT_TRUE(entry && *entry);
  EXPECT_EQ((*entry)->size, 0);
  EXPECT_TRUE(reader->content(**entry, 100));
  entry = reader->next();
  ASSERT_TRUE(entry && *entry);
  ASSERT_TRUE(reader->extract(**entry, sealed.folder.file("out"), nobody_asks));
  EXPECT_EQ(text_of(sealed.folder.file("out")), sealed.large);
  entry = reader->next();
  ASSERT_TRUE(entry);
  EXPECT_FALSE(*entry);
  for (const std::string& name : {sealed.file, sealed.folder.file("out")}) {
    struct stat info{};
    ASSERT_EQ(::stat(name.c_str(), &info), 0);
    EXPECT_EQ(info.st_mode & 0777, 0600U);
  }
}

TEST(Archive, shows_nothing_of_what_is_in_it) {
  const Sealed sealed;
  EXPECT_EQ(text_of(sealed.file).find("the end"), std::string::npos);
  EXPECT_EQ(text_of(sealed.file).find("xxxxxxxx"), std::string::npos);
}

TEST(Archive, a_wrong_passphrase_says_so) {
  const Sealed sealed;
  EXPECT_EQ(sealed.read("Passphrase"), "the passphrase does not open " + sealed.file);
}

// Each try makes a key, which is slow on purpose.
TEST(Archive, a_changed_byte_is_noticed_wherever_it_is) {
  const Sealed sealed;
  const std::string good = text_of(sealed.file);
  for (const std::size_t at :
       {std::size_t{3}, std::size_t{25}, std::size_t{40}, std::size_t{70}, good.size() / 2, good.size() - 1}) {
    std::string bad = good;
    bad[at] = static_cast<char>(bad[at] ^ 1);
    put(sealed.file, bad);
    EXPECT_NE(sealed.read(), "") << "byte " << at;
  }
}

TEST(Archive, a_cut_a_longer_or_a_rearranged_one_is_noticed) {
  const Sealed sealed;
  const std::string good = text_of(sealed.file);
  const std::size_t head = 68;
  const std::size_t piece = 64 * 1024 + 30;
  std::string swapped = good.substr(0, head) + good.substr(head + piece, piece) + good.substr(head, piece) +
                        good.substr(head + 2 * piece);
  for (const std::string& bad : {good.substr(0, 10), good.substr(0, head), good.substr(0, head + piece),
                                 good.substr(0, good.size() - 1), good + "x", swapped}) {
    put(sealed.file, bad);
    EXPECT_NE(sealed.read(), "") << bad.size();
  }
}

TEST(Archive, what_is_no_archive_is_not_taken_for_one_nor_overwritten) {
  const store::TemporaryFolder folder;
  const std::string file = folder.file("letter");
  put(file, "Dear Sir or Madam, this is no backup, but it is long enough to be taken for one by its length alone.");
  const auto reader = ArchiveReader::open(file, "passphrase");
  ASSERT_FALSE(reader);
  EXPECT_NE(reader.error().message.find("is no heliograph backup"), std::string::npos);
  const auto writer = ArchiveWriter::create(file, "passphrase");
  ASSERT_FALSE(writer);
  EXPECT_EQ(writer.error().code, Code::conflict);
}

TEST(Archive, an_unfinished_one_leaves_nothing_and_the_earlier_as_it_was) {
  const Sealed sealed;
  const std::string before = text_of(sealed.file);
  {
    auto writer = ArchiveWriter::create(sealed.file, "passphrase");
    ASSERT_TRUE(writer);
    ASSERT_TRUE(writer->add("small", as_bytes("two")));
  }
  EXPECT_EQ(text_of(sealed.file), before);
  EXPECT_FALSE(std::filesystem::exists(sealed.file + ".new"));
}

TEST(Archive, follows_no_link_and_refuses_a_place_that_cannot_be_written) {
  const store::TemporaryFolder folder;
  std::filesystem::create_symlink("/dev/full", folder.file("backup.new"));
  // The name is made anew, so that nobody's link is followed.
  EXPECT_TRUE(ArchiveWriter::create(folder.file("backup"), "passphrase"));
  EXPECT_FALSE(ArchiveWriter::create("/proc/nowhere/backup", "passphrase"));
}

}  // namespace
}  // namespace hg::app
