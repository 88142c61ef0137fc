// torch-sys' C++ reads and writes Rust's streams through functions that lie in the program. The program hands them over when it
// loads this library, so that the library can be loaded by itself.
#include "bridge.h"

namespace {
struct Streams {
  bool (*write_destructor)(void*);
  bool (*write)(void*, const std::uint8_t*, std::size_t, std::size_t*);
  bool (*read_destructor)(void*);
  bool (*read_position)(void*, std::uint64_t*);
  bool (*read_seek_start)(void*, std::uint64_t, std::uint64_t*);
  bool (*read_seek_end)(void*, std::int64_t, std::uint64_t*);
  bool (*read)(void*, std::uint8_t*, std::size_t, std::size_t*);
};
Streams streams;
} // namespace

extern "C" {
void lockstep_set_streams(const void* const* functions) { streams = *reinterpret_cast<const Streams*>(functions); }

bool tch_write_stream_destructor(void* stream) { return streams.write_destructor(stream); }
bool tch_write_stream_write(void* stream, const std::uint8_t* bytes, std::size_t size, std::size_t* written) {
  return streams.write(stream, bytes, size, written);
}
bool tch_read_stream_destructor(void* stream) { return streams.read_destructor(stream); }
bool tch_read_stream_stream_position(void* stream, std::uint64_t* position) {
  return streams.read_position(stream, position);
}
bool tch_read_stream_seek_start(void* stream, std::uint64_t position, std::uint64_t* now) {
  return streams.read_seek_start(stream, position, now);
}
bool tch_read_stream_seek_end(void* stream, std::int64_t position, std::uint64_t* now) {
  return streams.read_seek_end(stream, position, now);
}
bool tch_read_stream_read(void* stream, std::uint8_t* bytes, std::size_t size, std::size_t* read) {
  return streams.read(stream, bytes, size, read);
}
}
