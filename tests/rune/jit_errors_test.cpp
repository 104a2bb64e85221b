// What a compiled function refuses, by type and message; afterwards the library works as before.
#include <cstdio>
#include <cstdlib>
#include <map>
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "raven/rune.hpp"
#include "tolk/bits.hpp"

namespace {

using nx::Array;

template <class E, class F>
std::string message_of(F&& f) {
  try {
    f();
  } catch (const E& error) {
    EXPECT_EQ(nx::current_interpreter(), nullptr);
    return error.what();
  }
  return "no error";
}

Array ones(const nx::Shape& shape) { return nx::ones(shape, {.dtype = nx::f32}); }

TEST(JitErrors, ValuesHaveNoNumberWhileTracing) {
  const auto f = rune::jit([](const Array& x) { return x.item<double>() > 0 ? x : -x; }, {.name = "choose"});
  EXPECT_EQ(message_of<rune::ConcretizationError>([&] { f(ones({})); }),
            "rune.jit: while 'choose' is traced: nx.item: a traced value f32[] has no number yet (inside rune::jit); "
            "return it, or "
            "mark the argument static");
  EXPECT_NE(message_of<rune::ConcretizationError>(
                [&] { rune::jit([](const Array& x) { return x > 0 ? x : -x; })(ones({})); }),
            "no error");
  // Also from within a derivative or another jitted function.
  const auto in_grad = rune::jit(
      [](const Array& x) { return rune::grad([](const Array& v) { return v.item<double>() > 0 ? v : v * 2; })(x); });
  EXPECT_NE(message_of<rune::ConcretizationError>([&] { in_grad(ones({})); }), "no error");
  EXPECT_NE(message_of<rune::ConcretizationError>([&] { rune::jit([&](const Array& x) { return f(x); })(ones({})); }),
            "no error");
  // And it is an nx::TracerError, for who catches that.
  EXPECT_NE(message_of<nx::TracerError>([&] { f(ones({})); }), "no error");
}

TEST(JitErrors, LeakedValues) {
  Array leaked;
  const auto f = rune::jit([&](const Array& x) { return leaked = x + 1; });
  f(ones({2}));
  EXPECT_NE(message_of<nx::LeakedTracerError>([&] { leaked + 1; }), "no error");
  EXPECT_NE(message_of<nx::LeakedTracerError>([&] { leaked.to_vector<float>(); }), "no error");
  // In the next trace, too.
  EXPECT_NE(
      message_of<nx::LeakedTracerError>([&] { rune::jit([&](const Array& x) { return x + leaked; })(ones({2})); }),
      "no error");
}

TEST(JitErrors, ARepeatedCaptureThatIsAnotherArray) {
  Array w = ones({2});
  const auto f = rune::jit([&](const Array& x) { return x * w; }, {.name = "scale"});
  f(ones({2}));
  w = w + 1;
  EXPECT_EQ(message_of<rune::StaleCaptureError>([&] { f(ones({2})); }),
            "rune.jit: 'scale' captured an array f32[2] that nothing else holds any more: the variable was given "
            "another array, "
            "which the compiled function does not see; pass it as an argument");
  // Somebody else holds the old one: the second call finds the difference.
  Array u = ones({2});
  const Array old = u;
  const auto g = rune::jit([&](const Array& x) { return x * u; });
  g(ones({2}));
  u = u + 1;
  EXPECT_EQ(message_of<rune::StaleCaptureError>([&] { g(ones({2})); }),
            "rune.jit: 'function' captures an array f32[2] that is another one than at its first call; pass it as an "
            "argument");
  // After the second call the handle count still finds it.
  Array v = ones({2});
  const auto h = rune::jit([&](const Array& x) { return x * v; });
  for (int i = 0; i < 3; ++i) h(ones({2}));
  v = v + 1;
  EXPECT_NE(message_of<rune::StaleCaptureError>([&] { h(ones({2})); }), "no error");
}

TEST(JitErrors, BakedNumbers) {
  double factor = 2;
  const auto f = rune::jit([&](const Array& x) { return x * factor; });
  f(ones({2}));
  factor = 3;
  EXPECT_EQ(
      message_of<rune::StaleCaptureError>([&] { f(ones({2})); }),
      "rune.jit: 'function' does something else than at its first call, though its arguments have the same shapes and "
      "static values: it reads a number, flag or counter from outside; pass it as an argument");
  // −0 is not 0.
  factor = 0.0;
  const auto g = rune::jit([&](const Array& x) { return x * factor; });
  g(ones({2}));
  factor = -0.0;
  EXPECT_NE(message_of<rune::StaleCaptureError>([&] { g(ones({2})); }), "no error");
}

TEST(JitErrors, AStaleNumberStaysOne) {
  double k = 2;
  const auto f = rune::jit([&k](const Array& x) { return x * k; });
  f(ones({2}));
  k = 3;
  for (int call = 0; call < 3; ++call)
    EXPECT_NE(message_of<rune::StaleCaptureError>([&] { f(ones({2})); }), "no error") << call;
  k = 2;
  EXPECT_EQ(f(ones({2})).to_vector<float>(), (std::vector<float>{2, 2}));
  k = 3;  // compared once, as the guide says
  EXPECT_EQ(f(ones({2})).to_vector<float>(), (std::vector<float>{2, 2}));
}

TEST(JitErrors, AResultOfAnotherStructure) {
  bool left = true;
  const auto f = rune::jit([&](const Array& x) {
    const Array y = x * 2;
    return left ? std::pair{y, Array{}} : std::pair{Array{}, y};
  });
  f(ones({2}));
  left = false;
  EXPECT_NE(message_of<rune::StaleCaptureError>([&] { f(ones({2})); }), "no error");
  std::string key = "a";
  const auto g = rune::jit([&](const Array& x) { return std::map<std::string, Array>{{key, x * 2}}; });
  g(ones({2}));
  key = "b";
  EXPECT_NE(message_of<rune::StaleCaptureError>([&] { g(ones({2})); }), "no error");
}

TEST(JitErrors, LabelsOutOfRange) {
  const Array logits = ones({3, 4});
  const auto f = rune::jit([](const Array& x, const Array& y) { return nx::sum(nx::cross_entropy(x, y)); });
  EXPECT_EQ(f(logits, nx::array({0, 3, -100})).dtype(), logits.dtype());
  EXPECT_NE(message_of<nx::IndexError>([&] { f(logits, nx::array({0, 4, 1})); }), "no error");
  EXPECT_NE(message_of<nx::IndexError>([&] { f(logits, nx::array({0, -1, 1})); }), "no error");
  const auto g = rune::jit([](const Array& x, const Array& y) {
    const auto [loss, slope] = rune::value_and_grad([&](const Array& v) { return nx::sum(nx::cross_entropy(v, y)); })(x);
    return std::pair{loss, slope};
  });
  g(logits, nx::array({0, 3, 1}));
  EXPECT_NE(message_of<nx::IndexError>([&] { g(logits, nx::array({0, 9, 1})); }), "no error");
}

TEST(JitErrors, SlicesOfSlicesWithLongSteps) {
  const Array x = nx::arange(100);
  const auto f = rune::jit([](const Array& v) {
    return nx::slice(nx::slice(v, {0}, {100}, {4}), {3}, {25}, {int64_t{1} << 62}) * 2;
  });
  EXPECT_EQ(f(x).to_vector<int64_t>(), (std::vector<int64_t>{24}));
}

TEST(JitErrors, WritesToWhatIsOutside) {
  Array counter = ones({2}), list = ones({3});
  const auto add = rune::jit([&](const Array& x) {
    counter += x;
    return x * 2;
  });
  EXPECT_EQ(message_of<rune::SideEffectError>([&] { add(ones({2})); }),
            "nx.add: inside rune::jit the array f32[2] from outside the function is written to, which would happen "
            "once only, "
            "while tracing; pass it as an argument and return it, or write x = x + y");
  EXPECT_FALSE(counter.is_traced());
  EXPECT_EQ(counter.to_vector<float>(), (std::vector<float>{1, 1}));
  const auto at = rune::jit([&](const Array& x) {
    list.at(1) = x;
    return x;
  });
  EXPECT_NE(message_of<rune::SideEffectError>([&] { at(ones({})); }), "no error");
  EXPECT_FALSE(list.is_traced());
  const auto in_grad = rune::jit([&](const Array& x) {
    return rune::grad([&](const Array& v) {
      counter *= 2;
      return nx::sum(v * v);
    })(x);
  });
  EXPECT_NE(message_of<rune::SideEffectError>([&] { in_grad(ones({2})); }), "no error");
  // The function's own arrays may be written, whatever they are made from.
  const auto own = rune::jit([](const Array& x) {
    Array y = nx::array({1, 2, 3}, {.dtype = nx::f32}), z = nx::zeros({3}, {.dtype = nx::f32}),
          u = nx::array(std::vector<float>{1, 2, 3});
    y.at(0) = 5;
    y += x;
    z.at(1) = x(1);
    u -= 1;
    return y + z + u;
  });
  EXPECT_EQ(own(ones({3})).to_vector<float>(), (std::vector<float>{6, 5, 6}));
}

TEST(JitErrors, ImplicitRandomness) {
  nx::random::Generator generator(1);
  const auto f =
      rune::jit([&](const Array& x) { return x + nx::random::normal(generator.next_key(), {2}, {.dtype = nx::f32}); });
  EXPECT_NE(message_of<rune::FrozenRandomnessError>([&] { f(ones({2})); }).find("pass a key as an argument"),
            std::string::npos);
}

TEST(JitErrors, IndicesOutOfRange) {
  const auto f =
      rune::jit([](const Array& x, const Array& ids) { return nx::take(x, ids, {.axis = 0}); }, {.name = "rows"});
  f(ones({3, 2}), nx::array({0, 2}));
  EXPECT_EQ(message_of<nx::IndexError>([&] { f(ones({3, 2}), nx::array({0, 3})); }),
            "rune.jit: inside 'rows': nx.index: index 3 is out of bounds for axis 0 of size 3 (valid: -3..2)");
  EXPECT_EQ(f(ones({3, 2}), nx::array({0, -1})).shape(), (nx::Shape{2, 2}));
}

TEST(JitErrors, IdsOutOfRange) {
  // The index is computed: it has no bytes that could be looked at before the launch.
  const auto f = rune::jit([](const Array& table, const Array& ids) { return nx::embedding(table, ids * 2) * 3; });
  const Array table = ones({5, 4});
  EXPECT_EQ(f(table, nx::array({0, 2})).shape(), (nx::Shape{2, 4}));
  EXPECT_EQ(message_of<nx::IndexError>([&] { f(table, nx::array({0, 1, 3, 4})); }),
            "rune.jit: inside 'function': nx.embedding: id 6 is outside [0, 5), the rows of the table");
}

TEST(JitErrors, FaultsOfTheFunctionComeThrough) {
  const auto f = rune::jit([](const Array& x) { return nx::matmul(x, x); });
  EXPECT_NE(message_of<nx::ShapeError>([&] { f(ones({2, 3})); }), "no error");
  EXPECT_EQ(f(ones({2, 2})).shape(), (nx::Shape{2, 2}));
  const auto g = rune::jit([](const Array& x) {
    if (x.ndim() > 0) throw nx::ValueError("mine", "no");
    return x;
  });
  EXPECT_EQ(message_of<nx::ValueError>([&] { g(ones({2})); }), "mine: no");
  EXPECT_EQ(message_of<nx::TracerError>([&] {
              rune::grad([](const Array& x) {
                return rune::jit([&](const Array& y) { return nx::sum(x * y); })(nx::ones({2}));
              })(nx::ones({2}));
            }).find("captures a traced value") == std::string::npos,
            false);
}

TEST(JitErrors, ManyStaticNumbersWarnOnce) {
  static int warnings = 0;
  const raven::WarningHook former = raven::on_warning([](std::string_view) { ++warnings; });
  const auto f = rune::jit([](const Array& x, int k) { return x * k; });
  for (int k = 0; k < 20; ++k) f(ones({2}), k);
  raven::on_warning(former);
  EXPECT_EQ(warnings, 1);
}

TEST(JitErrors, CacheIsBounded) {
  const raven::WarningHook former = raven::on_warning(nullptr);
  const auto f = rune::jit([](const Array& x) { return x + 1; });
  for (int64_t n = 0; n < 100; ++n) EXPECT_EQ(f(ones({n})).size(), n);
  raven::on_warning(former);
  EXPECT_EQ(f.cache_size(), 64u);
}

TEST(JitErrors, MemoryThatIsNotThere) {
  const auto f = rune::jit([](const Array& x) { return nx::broadcast_to(x, {int64_t{1} << 25, int64_t{1} << 25}) + 1; },
                           {.name = "huge"});
  EXPECT_EQ(message_of<raven::MemoryError>([&] {
              f(ones({1}));
            }).find("rune.jit: cannot allocate 4503599627370496 bytes (4096.0 TiB): inside 'huge': "),
            0u);
}

TEST(JitErrors, OneHandleGivenTwice) {
  // Given up and not: the array is copied before it is overwritten.
  const auto f = rune::jit([](const Array& a, const Array& b) { return std::pair{a * 2, a + b}; });
  for (int call = 0; call < 3; ++call) {
    Array x = ones({200}), y = ones({200});
    const auto [twice, sum] = f(std::move(x), x);
    EXPECT_EQ(twice.to_vector<float>(), std::vector<float>(200, 2));
    EXPECT_EQ(sum.to_vector<float>(), std::vector<float>(200, 2));
    const auto [again, other] = f(y, std::move(y));
    EXPECT_EQ(again.to_vector<float>(), std::vector<float>(200, 2));
    EXPECT_EQ(other.to_vector<float>(), std::vector<float>(200, 2));
  }
  EXPECT_EQ(f.stats().donations, 0);
  EXPECT_EQ(f.stats().donations_missed, 6);
}

TEST(JitErrors, ABadIndexThatNobodyReadsIsNoError) {
  // What no result needs is not computed, and not checked: the guide says so.
  const auto f = rune::jit([](const Array& x, const Array& i) {
    nx::take(x, i, {.axis = 0});
    return x + 1;
  });
  for (int call = 0; call < 2; ++call)
    EXPECT_EQ(f(ones({2}), nx::array({7})).to_vector<float>(), (std::vector<float>{2, 2}));
  EXPECT_NE(message_of<nx::IndexError>([&] { nx::take(ones({2}), nx::array({7}), {.axis = 0}); }), "no error");
}

// ---- without a back end
// -----------------------------------------------------------------------------------------------------

/// In a process of its own: a back end that was opened stays. Writes what is wrong and exits with 0 when all is well.
[[noreturn]] void without_back_end() {
  setenv("TOLK_BACKEND", "/nonexistent/raven_tolk_llvm.so", 1);
  setenv("TOLK_CACHE", "0", 1);
  const auto f = [](const Array& x) { return nx::exp(x) * 5 + x; };
  const Array x = ones({7});
  std::string said = "no error";
  const auto failing = rune::jit(f, {.name = "loss"});
  try {
    failing(x);
  } catch (const rune::CompileError& error) {
    said = error.what();
  }
  said += "\n" + failing.explain() + rune::jit(f).explain();
  try {
    rune::grad([&](const Array& v) { return nx::sum(failing(v)); })(x);
  } catch (const rune::CompileError& error) {
    said += error.what();
  }
  const auto fallen_back = rune::jit(f, {.fallback = rune::Fallback::eager}), calls = rune::jit(f, {.kernels = false});
  const bool same = tolk_test::bytes_of(fallen_back(x)) == tolk_test::bytes_of(f(x)) &&
                    tolk_test::bytes_of(calls(x)) == tolk_test::bytes_of(f(x)) &&
                    tolk_test::bytes_of(rune::grad([&](const Array& v) { return nx::sum(fallen_back(v)); })(x)) ==
                        tolk_test::bytes_of(rune::grad([&](const Array& v) { return nx::sum(f(v)); })(x));
  // Its value once, and the two halves of its derivative.
  const bool counted = fallen_back.stats().fallbacks == 3 && fallen_back.stats().kernels == 0 &&
                       fallen_back.stats().externs > 0 && calls.stats().fallbacks == 0;
  std::fprintf(stderr, "%s %s %s", said.c_str(), same ? "same" : "DIFFERENT", counted ? "counted" : "NOT COUNTED");
  std::_Exit(0);
}

TEST(JitErrors, AMissingBackEndSaysWhatToDo) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  EXPECT_EXIT(without_back_end(), testing::ExitedWithCode(0),
              "rune.jit: 'loss' does not compile: .*/nonexistent/raven_tolk_llvm.so.*Fallback::eager.*\n"
              "jit 'loss': 1 signatures\nsignature.f32.7.., 0 captured arrays, 1 calls\n"
              "it did not compile: tolk.compile: .*\n(.*\n)*rune.jit: 'loss' does not compile: .* same counted");
}

}  // namespace
