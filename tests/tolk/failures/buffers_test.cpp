// Which bytes a value lies in, and when they are written. Classes of failure: "Buffers and ordering".
#include <thread>

#include "tolk/failures/support.hpp"

namespace failures {
namespace {

using nx::s;

TEST(Failures, graph_stale_address) {
  const auto plan =
      plan_of([](Array a, Array b) { return std::pair{nx::exp(a) * b, nx::matmul(a, b)}; }, ramp({3, 3}), ramp({3, 3}));
  std::vector<Array> kept;
  for (int call = 0; call < 5; ++call) {  // other arrays each time, one of them twice
    const Array a = ramp({3, 3}, -call), b = call == 3 ? a : ramp({3, 3}, 2 * call);
    std::vector<Array> out(2);
    plan->run(std::vector<Array>{a, b}, out);
    expect_same_bits(out[0], nx::exp(a) * b);
    expect_same_bits(out[1], nx::matmul(a, b));
    kept.push_back(out[0]);
  }
}

TEST(Failures, plan_war) {
  // A later value could lie where an earlier one is still read: by a call, and through a view.
  const Array x = normal_f32({40, 40});
  compiled(
      [](Array a) {
        const Array p = nx::matmul(a, a), q = nx::matmul(p, a), view = nx::transpose(p);
        const Array r = nx::matmul(q, q) + q;
        return std::pair{nx::matmul(view, r), nx::sort(view) - r};
      },
      x);
}

TEST(Failures, fresh_outputs) {
  const auto f = rune::jit([](const Array& a) { return nx::sum(a) + a * 2; });
  const Array x = ramp({500});
  const Array first = f(x);
  const auto bytes = bytes_of(first);
  for (int call = 1; call < 4; ++call) f(x + call);
  EXPECT_EQ(bytes_of(first), bytes);
  std::vector<int> wrong(4);
  std::vector<std::thread> threads;
  for (size_t t = 0; t < wrong.size(); ++t)
    threads.emplace_back([&, t] {
      const Array mine = x + static_cast<double>(t), expected = nx::sum(mine) + mine * 2;
      for (int call = 0; call < 100; ++call) wrong[t] += bytes_of(f(mine)) != bytes_of(expected);
    });
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(wrong, std::vector<int>(4));
}

TEST(Failures, view_offset) {
  const Array x = ramp({6, 5});
  EXPECT_EQ(numbers<float>([](Array a) { return nx::exp(a * 0)(2) * a(2); }, x),
            (std::vector<float>{10, 11, 12, 13, 14}));
  EXPECT_EQ(numbers<float>([](Array a) { return a(s(nx::none), 3); }, x), (std::vector<float>{3, 8, 13, 18, 23, 28}));
  compiled(
      [](Array a) { return std::tuple{a(s(1, 6, 2)), a(s(4, 1, -2), s(1, 3)), nx::matmul(a(s(2, 4)), a(s(1, 6)))}; },
      x);
  // A row is no copy: it shows the bytes of the result it is of.
  const auto plan = plan_of([](Array a) { return nx::exp(a)(2); }, x);
  EXPECT_EQ(plan->stats().steps, 1u) << plan->print();
}

// ---- writes to parts

TEST(Failures, assign_overlapping_slices) {
  const Array x = ramp({9});
  EXPECT_EQ(numbers<float>(
                [](Array a) {
                  Array b = a;
                  b.at(s(1, nx::none)) = b(s(0, -1));  // forward
                  return b;
                },
                x),
            (std::vector<float>{0, 0, 1, 2, 3, 4, 5, 6, 7}));
  EXPECT_EQ(numbers<float>(
                [](Array a) {
                  Array b = a;
                  b.at(s(0, -1)) = b(s(1, nx::none));  // backward
                  return b;
                },
                x),
            (std::vector<float>{1, 2, 3, 4, 5, 6, 7, 8, 8}));
}
TEST(Failures, assign_swap) {
  EXPECT_EQ(numbers<float>(
                [](Array a) {
                  const Array low = a(s(0, 3)), high = a(s(3, 6));
                  a.at(s(0, 3)) = high;
                  a.at(s(3, 6)) = low;
                  return a;
                },
                ramp({6})),
            (std::vector<float>{3, 4, 5, 0, 1, 2}));
}
TEST(Failures, assign_double) {
  EXPECT_EQ(numbers<float>(
                [](Array a) {
                  a.at(s(1, 4)) = a(s(1, 4)) * 10;
                  a.at(s(2, 5)) = a(s(2, 5)) + 1;
                  return a;
                },
                ramp({6})),
            (std::vector<float>{0, 10, 21, 31, 5, 5}));
}
TEST(Failures, assign_diamond) {
  // What was read before a write keeps its values beside what is read after.
  EXPECT_EQ(numbers<float>(
                [](Array a) {
                  const Array before = nx::exp(a * 0) * a;
                  Array b = a;
                  b.at(s(0, 2)) = before(s(2, 4)) * 2;
                  return before + b;
                },
                ramp({4})),
            (std::vector<float>{4, 7, 4, 6}));
}
TEST(Failures, assign_permuted_flipped_shrunk_self) {
  const Array x = ramp({3, 3});
  const auto check = [&](auto value, const std::vector<float>& expected) {
    EXPECT_EQ(numbers<float>(
                  [&](Array a) {
                    Array b = a;
                    b.at(s(nx::none)) = value(b);
                    return b;
                  },
                  x),
              expected);
  };
  check([](const Array& b) { return nx::transpose(b); }, {0, 3, 6, 1, 4, 7, 2, 5, 8});
  check([](const Array& b) { return nx::flip(b); }, {8, 7, 6, 5, 4, 3, 2, 1, 0});
  check([](const Array& b) { return nx::pad(b(s(1, 3), s(1, 3)), {1, 1}, {0, 0}); }, {0, 0, 0, 0, 4, 5, 0, 7, 8});
}
TEST(Failures, assign_then_read_in_one_kernel) {
  EXPECT_EQ(numbers<float>(
                [](Array a) {
                  a.at(2) = 100;
                  return a * 2 + nx::flip(a);
                },
                ramp({4})),
            (std::vector<float>{3, 102, 201, 6}));
}
TEST(Failures, assign_multi_output_same_buffer) {
  const auto out = compiled(
      [](Array a) {
        Array b = a, c = a;
        b.at(0) = 7;
        c.at(1) = 8;
        return std::tuple{a, b, c};
      },
      ramp({3}));
  EXPECT_EQ(out[0].to_vector<float>(), (std::vector<float>{0, 1, 2}));
  EXPECT_EQ(out[1].to_vector<float>(), (std::vector<float>{7, 1, 2}));
  EXPECT_EQ(out[2].to_vector<float>(), (std::vector<float>{0, 8, 2}));
}
TEST(Failures, assign_kv_cache_chain) {
  Array cache = nx::zeros({8, 4}, {.dtype = nx::f32});
  const auto step = rune::jit([](Array c, const Array& row, int64_t at) {
    c.at(at) = row;
    return std::pair{c, nx::sum(c, 0)};
  });
  Array expected = cache + 0;
  for (int64_t at = 0; at < 8; ++at) {
    const Array row = ramp({4}, static_cast<double>(10 * at));
    auto [next, sum] = step(std::move(cache), row, at);
    expected.at(at) = row;
    expect_same_bits(next, expected);
    expect_same_bits(sum, nx::sum(expected, 0));
    cache = std::move(next);
  }
}

// ---- arguments and results

TEST(Failures, donate_twice) {
  const auto add = rune::jit([](const Array& a, const Array& b) { return a + b; });
  const auto both = rune::jit([](const Array& a, const Array& b) { return std::pair{a * 2, b * 3}; });
  for (int call = 0; call < 3; ++call) {
    Array x = ramp({300});
    const Array expected = ramp({300});
    expect_same_bits(add(std::move(x), x), expected * 2);
    Array y = ramp({300});
    expect_same_bits(add(y, std::move(y)), expected * 2);
    Array z = ramp({300});
    expect_same_bits(add(std::move(z), std::move(z)), expected * 2);
    Array u = ramp({300});
    const auto [a, b] = both(std::move(u), std::move(u));
    expect_same_bits(a, expected * 2);
    expect_same_bits(b, expected * 3);
    // Two handles of one array: neither may be overwritten.
    Array v = ramp({300}), w = v;
    expect_same_bits(add(std::move(v), std::move(w)), expected * 2);
  }
}
TEST(Failures, donate_passthrough) {
  const auto f = rune::jit([](const Array& a, const Array& b) { return std::tuple{b, a, a + b}; });
  for (int call = 0; call < 3; ++call) {
    Array a = ramp({300}), b = ramp({300}, 5);
    const auto [second, first, sum] = f(std::move(a), std::move(b));
    expect_same_bits(first, ramp({300}));
    expect_same_bits(second, ramp({300}, 5));
    expect_same_bits(sum, ramp({300}) + ramp({300}, 5));
  }
}
TEST(Failures, output_is_input) {
  const Array x = ramp({30});
  const auto f = rune::jit([](const Array& a) { return std::pair{a, nx::reshape(a, {5, 6})}; });
  auto [same, view] = f(x);
  expect_same_bits(same, x);
  same += 1;  // a result of the user: writing it leaves the argument alone
  expect_same_bits(x, ramp({30}));
  expect_same_bits(view, ramp({5, 6}));
}
TEST(Failures, output_duplicate) {
  const auto f = rune::jit([](const Array& a) {
    const Array b = nx::exp(a);
    return std::tuple{b, b, nx::transpose(b)};
  });
  const Array x = normal_f32({4, 4});
  auto [one, two, three] = f(x);
  one += 1;
  expect_same_bits(two, nx::exp(x));
  expect_same_bits(three, nx::transpose(nx::exp(x)));
}
TEST(Failures, output_const) {
  const auto f =
      rune::jit([](const Array& a) { return std::tuple{nx::full({3}, 7), nx::array({1.5, 2.5}), a * 0 + 1}; });
  for (int call = 0; call < 3; ++call) {
    auto [number, list, ones] = f(ramp({2}));
    EXPECT_EQ(nx::astype(number, nx::f64).to_vector<double>(), (std::vector<double>{7, 7, 7}));
    EXPECT_EQ(list.to_vector<double>(), (std::vector<double>{1.5, 2.5}));
    list += 1;  // the plan's constant stays
    EXPECT_EQ(ones.to_vector<float>(), (std::vector<float>{1, 1}));
  }
}
TEST(Failures, output_zero_size) {
  const auto out = compiled([](Array a) { return std::tuple{a * 2, nx::sum(a, 0), nx::concatenate({a, a + 1}, 0)}; },
                            nx::zeros({0, 3}, {.dtype = nx::f32}));
  EXPECT_EQ(out[0].shape(), (nx::Shape{0, 3}));
  EXPECT_EQ(out[1].to_vector<float>(), (std::vector<float>{0, 0, 0}));
}
TEST(Failures, rank0) {
  EXPECT_EQ(numbers<float>([](Array a) { return nx::exp(a - a) + nx::sum(a) * nx::reshape(a, {}); },
                           nx::array(3.0, {.dtype = nx::f32})),
            std::vector<float>{10});
}

TEST(Failures, capture_once) {
  // Weights across memory are put in order once for each signature, not in each call.
  const Array w = nx::transpose(normal_f32({64, 32}));
  const auto f = rune::jit([&w](const Array& a) { return nx::matmul(a, w); });
  const Array x = normal_f32({2, 32});
  for (int call = 0; call < 4; ++call) expect_same_bits(f(x), nx::matmul(x, w));
  EXPECT_EQ(f.stats().input_copies, 0);
  EXPECT_EQ(f.stats().compiles, 1);
}
TEST(Failures, extern_after_jit) {
  // Calls of nx's kernels read what launches of generated ones made, and the other way round.
  const auto f = [](Array a) {
    const Array p = nx::exp(a) + 1, q = nx::matmul(p, p), r = nx::sort(q * 0.5) - 1;
    return nx::matmul(r, p) * 2;
  };
  const auto plan = plan_of(f, normal_f32({70, 70}));
  EXPECT_GE(plan->stats().launches, 2u) << plan->print();
  EXPECT_GE(plan->stats().externs, 3u) << plan->print();
  compiled(f, normal_f32({70, 70}));
}

// Found by the random programs: the verifier took it for a write over an operand.
TEST(Layouts, AResultMayTakeThePlaceOfWhatLiesPermuted) {
  const auto f = [](Array q) {
    const Array heads = nx::transpose(nx::sdpa(q, q, q), {0, 2, 1, 3});
    return nx::astype(heads * 8, nx::i32);
  };
  EXPECT_GT(plan_of(f, normal_f32({2, 3, 16, 8}))->stats().in_place, 0u);
  compiled(f, normal_f32({2, 3, 16, 8}));
}

}  // namespace
}  // namespace failures
