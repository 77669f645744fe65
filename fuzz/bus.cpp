// Messages of other nodes, once their seal was opened: what is read is written again to the very bytes it came from,
// and nothing that was read is beyond what a writer makes.
#include "bus/wire.h"

#include "fuzzing.h"

using namespace hg;
using hg::fuzz::promise;

namespace {

void check(const bus::Moved& moved) {
  promise(moved.from >= 0 && moved.from < moved.to, "a feed moves on");
  if (!moved.change) return;
  std::size_t bytes = 0;
  std::int64_t last = moved.from;
  for (const auto& note : moved.change->notes) {
    promise(note.version > moved.from && note.version >= last && note.version <= moved.to, "notes lie in the change");
    last = note.version;
    bytes += note.activity.size();
  }
  promise(bytes <= bus::kMaxNoteBytes, "a change is small");
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const auto message = bus::decode(bytes);
  if (!message) return 0;
  promise(bus::encode(*message) == bytes, "each message has one encoding");
  if (const auto* moved = std::get_if<bus::Moved>(&*message)) check(*moved);
  return 0;
}
