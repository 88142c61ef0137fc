// What a supported libtorch lacks of the functions that tch 0.26 calls, which was made for 2.13: functions that throw and say
// so. Included before each C++ file of torch-sys and of the bridge.
#pragma once

#include <stdexcept>
#include <string>
#include <torch/headeronly/version.h>
#include <torch/torch.h>
#include <tuple>

#if TORCH_VERSION_MAJOR != 2 || TORCH_VERSION_MINOR < 11 || TORCH_VERSION_MINOR > 15
#error "libtorch: supported are 2.11, 2.12, 2.13, 2.14 and 2.15"
#endif

namespace lockstep {
[[noreturn]] inline void lacking(const char* name) {
  throw std::runtime_error(std::string(name) + ": libtorch " + TORCH_VERSION + " has no such function");
}
} // namespace lockstep

// A function that takes whatever tch gives it; `...` is the type of its result.
#define LOCKSTEP_LACKING(name, ...)                \
  template <typename... Given>                     \
  [[noreturn]] __VA_ARGS__ name(const Given&...) { \
    ::lockstep::lacking(#name);                    \
  }

namespace torch {
#if TORCH_VERSION_MINOR < 12
LOCKSTEP_LACKING(_flash_attention_forward_no_dropout_inplace, at::Tensor)
LOCKSTEP_LACKING(_philox_key_fold_in, at::Tensor)
LOCKSTEP_LACKING(_philox_key_split, at::Tensor)
LOCKSTEP_LACKING(_philox_normal, at::Tensor)
LOCKSTEP_LACKING(_philox_normal_, at::Tensor)
LOCKSTEP_LACKING(_philox_normal_out, at::Tensor)
LOCKSTEP_LACKING(_philox_uniform, at::Tensor)
LOCKSTEP_LACKING(_philox_uniform_, at::Tensor)
LOCKSTEP_LACKING(_philox_uniform_out, at::Tensor)
LOCKSTEP_LACKING(_upsample_lanczos2d_aa, at::Tensor)
LOCKSTEP_LACKING(_upsample_lanczos2d_aa_backward, at::Tensor)
LOCKSTEP_LACKING(_upsample_lanczos2d_aa_backward_out, at::Tensor)
LOCKSTEP_LACKING(_upsample_lanczos2d_aa_out, at::Tensor)
// There with one argument less.
LOCKSTEP_LACKING(_scaled_dot_product_attention_math_for_mps, std::tuple<at::Tensor, at::Tensor>)
#endif
#if TORCH_VERSION_MINOR > 13
LOCKSTEP_LACKING(cholesky, at::Tensor)
LOCKSTEP_LACKING(cholesky_out, at::Tensor)
LOCKSTEP_LACKING(qr, std::tuple<at::Tensor, at::Tensor>)
LOCKSTEP_LACKING(qr_out, std::tuple<at::Tensor, at::Tensor>)
#endif
} // namespace torch
#undef LOCKSTEP_LACKING
