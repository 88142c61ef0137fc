#include "lockstep/src/torch/script/bridge.h"

#include "lockstep/src/torch/script/mod.rs.h"

#include <ATen/Context.h>
#include <ATen/Version.h>
#include <sstream>
#include <torch/script.h>

namespace lockstep {

struct Module::Inner {
  torch::jit::Module module;
};

namespace {

std::string text(rust::Str value) { return std::string(value.data(), value.size()); }

std::unique_ptr<Module> wrap(torch::jit::Module module) {
  return std::make_unique<Module>(std::make_unique<Module::Inner>(Module::Inner{std::move(module)}));
}

torch::jit::Module make(rust::Str type_name, std::shared_ptr<torch::jit::CompilationUnit> unit) {
  torch::jit::Module module(c10::QualifiedName("__torch__." + text(type_name)), std::move(unit), true);
  // Saved in evaluation mode, so that torch.jit.freeze takes the file as it is.
  module.register_attribute("training", c10::BoolType::get(), false);
  return module;
}

rust::Vec<unsigned char> bytes_of(const void* data, std::size_t size) {
  const auto* first = static_cast<const unsigned char*>(data);
  rust::Vec<unsigned char> bytes;
  bytes.reserve(size);
  std::copy(first, first + size, std::back_inserter(bytes));
  return bytes;
}

const at::Tensor& tensor_at(std::size_t pointer) { return *reinterpret_cast<const at::Tensor*>(pointer); }

} // namespace

Module::Module(std::unique_ptr<Inner> inner) : inner_(std::move(inner)) {}
Module::~Module() = default;

std::unique_ptr<Module> create(rust::Str type_name) {
  return wrap(make(type_name, std::make_shared<torch::jit::CompilationUnit>()));
}

// A submodule must live in its parent's compilation unit, and its methods must exist before the parent's use them.
std::unique_ptr<Module> Module::child(rust::Str name, rust::Str type_name) const {
  auto child = make(type_name, inner_->module._ivalue()->compilation_unit());
  inner_->module.register_module(text(name), child);
  return wrap(std::move(child));
}

void Module::parameter(rust::Str name, std::size_t tensor) const {
  auto value = tensor_at(tensor).detach().to(at::kCPU).clone().set_requires_grad(true);
  inner_->module.register_parameter(text(name), std::move(value), false);
}

void Module::buffer(rust::Str name, std::size_t tensor) const {
  inner_->module.register_buffer(text(name), tensor_at(tensor).detach().to(at::kCPU).clone());
}

void Module::define(rust::Str source) const { inner_->module.define(text(source)); }

// To memory: on a full disk, save(path) aborts the process.
rust::Vec<unsigned char> Module::save(rust::Slice<const ExtraFile> files) const {
  torch::jit::ExtraFilesMap extra;
  for (const auto& file : files) {
    extra[std::string(file.name)] = std::string(file.bytes.begin(), file.bytes.end());
  }
  std::ostringstream out;
  inner_->module.save(out, extra);
  const auto bytes = out.str();
  return bytes_of(bytes.data(), bytes.size());
}

std::unique_ptr<Module> load(rust::Slice<const unsigned char> bytes, rust::Str device) {
  std::istringstream in(std::string(bytes.begin(), bytes.end()));
  return wrap(torch::jit::load(in, at::Device(text(device))));
}

rust::Vec<StateEntry> Module::state() const {
  rust::Vec<StateEntry> entries;
  auto add = [&entries](const std::string& name, const at::Tensor& tensor, bool parameter) {
    entries.push_back(StateEntry{name, parameter, reinterpret_cast<std::size_t>(new at::Tensor(tensor.detach()))});
  };
  for (const auto& item : inner_->module.named_parameters()) add(item.name, item.value, true);
  for (const auto& item : inner_->module.named_buffers()) add(item.name, item.value, false);
  return entries;
}

std::size_t Module::call(rust::Str method, std::size_t tensor) const {
  at::NoGradGuard no_grad;
  auto result = inner_->module.get_method(text(method))({tensor_at(tensor)}).toTensor();
  return reinterpret_cast<std::size_t>(new at::Tensor(std::move(result)));
}

rust::Vec<unsigned char> generator_state() {
  auto generator = at::globalContext().defaultGenerator(at::kCPU);
  std::lock_guard<std::mutex> lock(generator.mutex());
  const auto state = generator.get_state();
  return bytes_of(state.data_ptr(), state.nbytes());
}

// What is no state of this generator is refused by libtorch itself.
void set_generator_state(rust::Slice<const unsigned char> bytes) {
  auto generator = at::globalContext().defaultGenerator(at::kCPU);
  auto state = at::empty({static_cast<std::int64_t>(bytes.size())}, at::kByte);
  std::copy(bytes.begin(), bytes.end(), static_cast<unsigned char*>(state.data_ptr()));
  std::lock_guard<std::mutex> lock(generator.mutex());
  generator.set_state(state);
}

rust::String cpu_capability() { return at::get_cpu_capability(); }

} // namespace lockstep
