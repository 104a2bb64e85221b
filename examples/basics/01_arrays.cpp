// Arrays for a NumPy user: each line's NumPy is beside it.
#include <cstdio>

#include "raven/nx.hpp"

using namespace nx;

static void show(const char* what, const Array& x) { std::printf("%s =\n%s\n", what, str(x).c_str()); }

int main() {
  Array a = arange(12).reshape({3, 4});  // np.arange(12).reshape(3, 4)
  show("a", a);
  show("a[1]", a(1));                             // a[1]
  show("a[:, 1:3]", a(_, s(1, 3)));               // a[:, 1:3]
  show("a[::-1, -1]", a(s(none, none, -1), -1));  // a[::-1, -1]
  show("a[[0, 2]]", a(array({0, 2})));            // a[[0, 2]]
  show("a.sum(axis=0)", sum(a, {.axis = 0}));     // a.sum(axis=0)
  show("a.mean(axis=1, keepdims=True)", mean(a, {.axis = 1, .keepdims = true}));

  // Broadcasting and weak C++ numbers: an f32 array stays f32.
  Array x = linspace(0, 1, 5, {.dtype = f32});  // np.linspace(0, 1, 5, dtype=np.float32)
  show("x * 2 + 1", x * 2 + 1);
  show("outer", x.reshape({5, 1}) * array({1, 10}));
  show("where", where(x > 0.5, x, 0));  // np.where(x > 0.5, x, 0)

  // Values, not references: a copy never sees a write to the original.
  Array b = a;
  b.at(0, _) = -1;  // b = a.copy(); b[0, :] = -1
  show("b", b);
  std::printf("a[0, 0] is still %d\n", a(0, 0).item<int>());

  // Randomness is a function of a key: the same on any machine and with any number of threads.
  Array w = random::normal(random::key(42), {4, 2}, {.dtype = f32});
  show("a @ w", matmul(a.astype(f32), w));  // a.astype(np.float32) @ w

  try {
    matmul(a, b);
  } catch (const ShapeError& error) {  // errors say what to do
    std::printf("%s\n", error.what());
  }
}
