//! On how many threads libtorch computes, and when one is as good as more.

/// ATen splits most operations over threads from so many elements on (`at::internal::GRAIN_SIZE`); below it only MKL splits its
/// products.
pub const GRAIN: usize = 32_768;

/// Whether the environment says how many, in the words of ATen (`at::init_num_threads`).
pub fn said() -> bool {
    ["OMP_NUM_THREADS", "MKL_NUM_THREADS"].into_iter().any(|name| std::env::var_os(name).is_some())
}
