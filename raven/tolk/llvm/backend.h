/* The boundary between tolk and its LLVM back end, a shared object that tolk opens when a kernel must be compiled.
 *
 * C alone, and nothing of the C++ library crosses it: the two sides may be built by different compilers. Both know the
 * ABI number and the build id; tolk refuses a back end of another build, because cached code is named by the id. */
#ifndef RAVEN_TOLK_LLVM_BACKEND_H
#define RAVEN_TOLK_LLVM_BACKEND_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define RAVEN_TOLK_BACKEND_ABI 1

/* Position-independent code without external symbols, the functions first, then their constants. To be mapped at a
 * multiple of 64; calling `bytes + entry` calls the kernel. Or `error`, a text that ends in a zero byte. */
struct raven_tolk_code {
  unsigned char* bytes;
  size_t size;
  size_t entry;
  char* error;
};

struct raven_tolk_backend {
  uint32_t abi;
  const char* build_id;
  /* `text`: a kernel as loop::print writes it; `level`: portable, v3 or v4. Called by any number of threads at once. */
  void (*compile)(const char* text, size_t size, const char* level, struct raven_tolk_code* result);
  void (*release)(struct raven_tolk_code* result);
};

/* The one symbol of the shared object. */
#define RAVEN_TOLK_BACKEND_SYMBOL "raven_tolk_backend_v1"
typedef const struct raven_tolk_backend* raven_tolk_backend_function(void);

#ifdef __cplusplus
}
#endif
#endif
