// What Rust sees of torch::jit: a module that can be built, saved, loaded and called.
// torch/script.h stays in bridge.cc: every unit that includes it costs 11-13 s.
#pragma once
#include "rust/cxx.h"

#include <c10/util/Exception.h>
#include <cstddef>
#include <memory>

namespace rust::behavior {
// libtorch's errors without their backtrace.
template <typename Try, typename Fail>
static void trycatch(Try&& body, Fail&& fail) noexcept try {
  body();
} catch (const c10::Error& error) {
  fail(error.what_without_backtrace());
} catch (const std::exception& error) {
  fail(error.what());
} catch (...) {
  fail("an exception of unknown type");
}
} // namespace rust::behavior

namespace lockstep {

struct ExtraFile;
struct StateEntry;

class Module {
 public:
  struct Inner;
  explicit Module(std::unique_ptr<Inner> inner);
  ~Module();
  std::unique_ptr<Module> child(rust::Str name, rust::Str type_name) const;
  void parameter(rust::Str name, std::size_t tensor) const;
  void buffer(rust::Str name, std::size_t tensor) const;
  void define(rust::Str source) const;
  rust::Vec<unsigned char> save(rust::Slice<const ExtraFile> files) const;
  rust::Vec<StateEntry> state() const;
  std::size_t call(rust::Str method, std::size_t tensor) const;

 private:
  std::unique_ptr<Inner> inner_;
};

std::unique_ptr<Module> create(rust::Str type_name);
std::unique_ptr<Module> load(rust::Slice<const unsigned char> bytes, rust::Str device);
rust::Vec<unsigned char> generator_state();
void set_generator_state(rust::Slice<const unsigned char> bytes);
rust::String cpu_capability();

} // namespace lockstep
