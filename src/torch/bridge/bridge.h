// What Rust sees of libtorch beside tch: torch::jit::Module, the generator, versions. In C, because the library that holds it
// is loaded while the program runs (see src/torch/libtorch). `lockstep_error` is null, or a message to be freed.
#pragma once

#include <cstddef>
#include <cstdint>

extern "C" {

typedef char* lockstep_error;
typedef struct lockstep_module lockstep_module;

// Text or bytes that the caller keeps.
struct lockstep_slice {
  const unsigned char* data;
  std::size_t size;
};

// Bytes from malloc, which the caller frees.
struct lockstep_bytes {
  unsigned char* data;
  std::size_t size;
};

// A file that travels inside the TorchScript file, under `extra/`.
struct lockstep_file {
  lockstep_slice name;
  lockstep_slice bytes;
};

// A dictionary of texts and whole numbers.
struct lockstep_dictionary {
  const lockstep_slice* keys;
  const std::int64_t* values;
  std::size_t count;
};

// One entry of a module's state_dict: `tensor` is a new at::Tensor, which the caller owns.
typedef void (*lockstep_entry)(void* context, lockstep_slice name, bool parameter, void* tensor);

void lockstep_free(void* memory);

lockstep_error lockstep_module_create(lockstep_slice type_name, lockstep_module** made);
lockstep_error lockstep_module_load(lockstep_slice bytes, lockstep_slice device, lockstep_module** made);
void lockstep_module_drop(lockstep_module* module);
lockstep_error lockstep_module_child(lockstep_module* module, lockstep_slice name, lockstep_slice type_name, lockstep_module** made);
lockstep_error lockstep_module_parameter(lockstep_module* module, lockstep_slice name, const void* tensor);
lockstep_error lockstep_module_buffer(lockstep_module* module, lockstep_slice name, const void* tensor);
// Attributes of the types List[str], List[int] and List[Dict[str, int]].
lockstep_error lockstep_module_texts(lockstep_module* module, lockstep_slice name, const lockstep_slice* texts, std::size_t count);
lockstep_error lockstep_module_integers(lockstep_module* module, lockstep_slice name, const std::int64_t* values, std::size_t count);
lockstep_error lockstep_module_dictionaries(lockstep_module* module, lockstep_slice name, const lockstep_dictionary* dictionaries, std::size_t count);
lockstep_error lockstep_module_define(lockstep_module* module, lockstep_slice source);
lockstep_error lockstep_module_save(lockstep_module* module, const lockstep_file* files, std::size_t count, lockstep_bytes* made);
lockstep_error lockstep_module_state(lockstep_module* module, lockstep_entry each, void* context);
lockstep_error lockstep_module_call(lockstep_module* module, lockstep_slice method, const void* tensor, void** made);

lockstep_error lockstep_generator_state(lockstep_bytes* made);
lockstep_error lockstep_set_generator_state(lockstep_slice bytes);
// The state of a new generator of this seed.
lockstep_error lockstep_seeded_generator(std::uint64_t seed, lockstep_bytes* made);
lockstep_error lockstep_cpu_capability(lockstep_bytes* made);

// The version that the loaded libtorch was built as, at most `size` bytes with the 0 behind it; empty if it does not say.
void lockstep_torch_version(char* text, std::size_t size);

// torch-sys' Rust functions for streams, in the order of `Streams` in streams.cc.
void lockstep_set_streams(const void* const* functions);

} // extern "C"
