} // namespace

// Starts a kernel on a processor, as cuLaunchKernel does on a GPU: the arguments by their addresses.
template <class... A, std::size_t... I>
static void call(void (*kernel)(A...), void *const *arguments, std::index_sequence<I...>) {
  kernel(*static_cast<A *>(arguments[I])...);
}

template <class... A>
static void start(void (*kernel)(A...), int count, int bytes, void *const *arguments) {
  // What a block finds in its shared memory is whatever stood there.
  std::vector<double> shared(bytes / sizeof(double), NAN);
  for (block = 0, blocks = count; block < count; block++) {
    SHARED = shared.data();
#ifdef THREADED
    pthread_barrier_init(&barrier, nullptr, THREADS);
    std::vector<std::thread> all;
    for (int own = 0; own < THREADS; own++) {
      all.emplace_back([=] { thread = own, call(kernel, arguments, std::index_sequence_for<A...>()); });
    }
    for (std::thread &one : all) one.join();
#else
    call(kernel, arguments, std::index_sequence_for<A...>());
#endif
  }
}

extern "C" bool emulate(const char *name, int count, int bytes, void *const *arguments) {
#define STARTS(kernel) if (!std::strcmp(name, #kernel)) return start(kernel, count, bytes, arguments), true;
#ifdef STEPS
  STARTS(steps)
#else
  STARTS(share)
  STARTS(collect)
#endif
  return false;
}
