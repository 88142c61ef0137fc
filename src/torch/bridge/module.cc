// torch::jit::Module for Rust. torch/script.h stays in this file: every unit that includes it costs 11-13 s.
#include "bridge.h"

#include <ATen/CPUGeneratorImpl.h>
#include <ATen/Context.h>
#include <ATen/Version.h>
#include <cstdlib>
#include <cstring>
#include <sstream>
#include <torch/script.h>

struct lockstep_module {
  torch::jit::Module module;
};

namespace {

// Runs `body`; libtorch's errors come without their backtrace.
template <typename Body>
lockstep_error guarded(Body&& body) noexcept try {
  body();
  return nullptr;
} catch (const c10::Error& error) {
  return strdup(error.what_without_backtrace());
} catch (const std::exception& error) {
  return strdup(error.what());
} catch (...) {
  return strdup("an exception of unknown type");
}

std::string text(lockstep_slice value) { return std::string(reinterpret_cast<const char*>(value.data), value.size); }

lockstep_module* wrap(torch::jit::Module module) { return new lockstep_module{std::move(module)}; }

torch::jit::Module make(lockstep_slice type_name, std::shared_ptr<torch::jit::CompilationUnit> unit) {
  torch::jit::Module module(c10::QualifiedName("__torch__." + text(type_name)), std::move(unit), true);
  // Saved in evaluation mode, so that torch.jit.freeze takes the file as it is.
  module.register_attribute("training", c10::BoolType::get(), false);
  return module;
}

lockstep_bytes bytes_of(const void* data, std::size_t size) {
  auto* copy = static_cast<unsigned char*>(std::malloc(size ? size : 1));
  if (copy == nullptr) throw std::bad_alloc();
  std::memcpy(copy, data, size);
  return lockstep_bytes{copy, size};
}

const at::Tensor& tensor_at(const void* pointer) { return *static_cast<const at::Tensor*>(pointer); }

} // namespace

void lockstep_free(void* memory) { std::free(memory); }

void lockstep_torch_version(char* text, std::size_t size) {
  std::string found;
  // One of the settings that libtorch lists, up to a comma.
  lockstep_free(guarded([&] {
    const auto settings = at::show_config();
    const std::string name = "TORCH_VERSION=";
    const auto start = settings.find(name);
    if (start != std::string::npos) found = settings.substr(start + name.size());
    found = found.substr(0, found.find_first_of(", \n"));
  }));
  found.resize(std::min(found.size(), size - 1));
  std::memcpy(text, found.c_str(), found.size() + 1);
}

lockstep_error lockstep_module_create(lockstep_slice type_name, lockstep_module** made) {
  return guarded([&] { *made = wrap(make(type_name, std::make_shared<torch::jit::CompilationUnit>())); });
}

lockstep_error lockstep_module_load(lockstep_slice bytes, lockstep_slice device, lockstep_module** made) {
  return guarded([&] {
    std::istringstream in(text(bytes));
    *made = wrap(torch::jit::load(in, at::Device(text(device))));
  });
}

void lockstep_module_drop(lockstep_module* module) { delete module; }

// A submodule must live in its parent's compilation unit, and its methods must exist before the parent's use them.
lockstep_error lockstep_module_child(lockstep_module* module, lockstep_slice name, lockstep_slice type_name,
                                     lockstep_module** made) {
  return guarded([&] {
    auto child = make(type_name, module->module._ivalue()->compilation_unit());
    module->module.register_module(text(name), child);
    *made = wrap(std::move(child));
  });
}

lockstep_error lockstep_module_parameter(lockstep_module* module, lockstep_slice name, const void* tensor) {
  return guarded([&] {
    auto value = tensor_at(tensor).detach().to(at::kCPU).clone().set_requires_grad(true);
    module->module.register_parameter(text(name), std::move(value), false);
  });
}

lockstep_error lockstep_module_buffer(lockstep_module* module, lockstep_slice name, const void* tensor) {
  return guarded(
      [&] { module->module.register_buffer(text(name), tensor_at(tensor).detach().to(at::kCPU).clone()); });
}

lockstep_error lockstep_module_texts(lockstep_module* module, lockstep_slice name, const lockstep_slice* texts,
                                     std::size_t count) {
  return guarded([&] {
    c10::List<std::string> list;
    for (std::size_t index = 0; index < count; ++index) list.push_back(text(texts[index]));
    module->module.register_attribute(text(name), c10::ListType::ofStrings(), std::move(list));
  });
}

lockstep_error lockstep_module_integers(lockstep_module* module, lockstep_slice name, const std::int64_t* values,
                                        std::size_t count) {
  return guarded([&] {
    c10::List<std::int64_t> list;
    for (std::size_t index = 0; index < count; ++index) list.push_back(values[index]);
    module->module.register_attribute(text(name), c10::ListType::ofInts(), std::move(list));
  });
}

lockstep_error lockstep_module_dictionaries(lockstep_module* module, lockstep_slice name,
                                            const lockstep_dictionary* dictionaries, std::size_t count) {
  return guarded([&] {
    c10::List<c10::Dict<std::string, std::int64_t>> list;
    for (std::size_t index = 0; index < count; ++index) {
      const auto& from = dictionaries[index];
      c10::Dict<std::string, std::int64_t> made;
      made.reserve(from.count);
      for (std::size_t key = 0; key < from.count; ++key) made.insert_or_assign(text(from.keys[key]), from.values[key]);
      list.push_back(std::move(made));
    }
    auto type = c10::ListType::create(c10::DictType::create(c10::StringType::get(), c10::IntType::get()));
    module->module.register_attribute(text(name), std::move(type), std::move(list));
  });
}

lockstep_error lockstep_module_define(lockstep_module* module, lockstep_slice source) {
  return guarded([&] { module->module.define(text(source)); });
}

// To memory: on a full disk, save(path) aborts the process.
lockstep_error lockstep_module_save(lockstep_module* module, const lockstep_file* files, std::size_t count,
                                    lockstep_bytes* made) {
  return guarded([&] {
    torch::jit::ExtraFilesMap extra;
    for (std::size_t file = 0; file < count; ++file) extra[text(files[file].name)] = text(files[file].bytes);
    std::ostringstream out;
    module->module.save(out, extra);
    const auto bytes = out.str();
    *made = bytes_of(bytes.data(), bytes.size());
  });
}

lockstep_error lockstep_module_state(lockstep_module* module, lockstep_entry each, void* context) {
  return guarded([&] {
    auto give = [&](const std::string& name, const at::Tensor& tensor, bool parameter) {
      const auto* letters = reinterpret_cast<const unsigned char*>(name.data());
      each(context, lockstep_slice{letters, name.size()}, parameter, new at::Tensor(tensor.detach()));
    };
    for (const auto& item : module->module.named_parameters()) give(item.name, item.value, true);
    for (const auto& item : module->module.named_buffers()) give(item.name, item.value, false);
  });
}

lockstep_error lockstep_module_call(lockstep_module* module, lockstep_slice method, const void* tensor, void** made) {
  return guarded([&] {
    at::NoGradGuard no_grad;
    *made = new at::Tensor(module->module.get_method(text(method))({tensor_at(tensor)}).toTensor());
  });
}

lockstep_error lockstep_generator_state(lockstep_bytes* made) {
  return guarded([&] {
    auto generator = at::globalContext().defaultGenerator(at::kCPU);
    std::lock_guard<std::mutex> lock(generator.mutex());
    const auto state = generator.get_state();
    *made = bytes_of(state.data_ptr(), state.nbytes());
  });
}

// What is no state of this generator is refused by libtorch itself.
lockstep_error lockstep_set_generator_state(lockstep_slice bytes) {
  return guarded([&] {
    auto generator = at::globalContext().defaultGenerator(at::kCPU);
    auto state = at::empty({static_cast<std::int64_t>(bytes.size)}, at::kByte);
    std::memcpy(state.data_ptr(), bytes.data, bytes.size);
    std::lock_guard<std::mutex> lock(generator.mutex());
    generator.set_state(state);
  });
}

lockstep_error lockstep_seeded_generator(std::uint64_t seed, lockstep_bytes* made) {
  return guarded([&] {
    const auto state = at::detail::createCPUGenerator(seed).get_state();
    *made = bytes_of(state.data_ptr(), state.nbytes());
  });
}

lockstep_error lockstep_cpu_capability(lockstep_bytes* made) {
  return guarded([&] {
    const auto name = at::get_cpu_capability();
    *made = bytes_of(name.data(), name.size());
  });
}
