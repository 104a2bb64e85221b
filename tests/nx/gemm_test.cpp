#include "raven/nx/cpu/gemm.hpp"

#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <limits>
#include <memory>
#include <random>
#include <vector>

#include "gtest/gtest.h"
#include "raven/base/thread_pool.hpp"
#include "raven/vmath/gemm_tile.hpp"

namespace nx::cpu {
namespace {

using raven::CpuLevel;

std::vector<CpuLevel> levels() {
  std::vector<CpuLevel> all;
  for (int level = 0; level <= static_cast<int>(raven::cpu_info().best); ++level) all.push_back(CpuLevel(level));
  return all;
}
/// The levels with hardware fma, whose bits must agree.
std::vector<CpuLevel> exact_levels() {
  std::vector<CpuLevel> all = levels();
  all.erase(all.begin());
  return all;
}

/// `bytes` of memory between two pages that may not be touched, placed against the upper or the lower one.
class Guarded {
 public:
  Guarded(size_t bytes, bool against_end) : bytes_(bytes) {
    const size_t page = static_cast<size_t>(::sysconf(_SC_PAGESIZE));
    const size_t inner = (bytes + page - 1) / page * page;
    length_ = inner + 2 * page;
    map_ = static_cast<char*>(::mmap(nullptr, length_, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
    EXPECT_EQ(::mprotect(map_ + page, inner == 0 ? page : inner, PROT_READ | PROT_WRITE), 0);
    data_ = map_ + page + (against_end ? inner - bytes : 0);
  }
  ~Guarded() { ::munmap(map_, length_); }
  Guarded(const Guarded&) = delete;
  Guarded& operator=(const Guarded&) = delete;
  template <class T>
  T* as() const {
    return reinterpret_cast<T*>(data_);
  }
  size_t bytes() const { return bytes_; }

 private:
  size_t bytes_, length_ = 0;
  char *map_ = nullptr, *data_ = nullptr;
};

template <class T>
constexpr GemmElement element_of = sizeof(T) == 4 ? GemmElement::f32 : GemmElement::f64;

/// How a matrix lies in memory.
enum class Layout { rows, columns, padded_rows, padded_columns, sliced, reversed, broadcast_rows, broadcast_columns };
constexpr Layout input_layouts[] = {Layout::rows,           Layout::columns,          Layout::padded_rows,
                                    Layout::padded_columns, Layout::sliced,           Layout::reversed,
                                    Layout::broadcast_rows, Layout::broadcast_columns};
constexpr Layout output_layouts[] = {Layout::rows, Layout::columns, Layout::padded_rows, Layout::sliced,
                                     Layout::reversed};

/// A strided matrix in guarded memory: element (i, j) of member b at first + b·batch + i·row + j·col.
template <class T>
struct Matrix {
  int64_t height, width, members, row, col, batch;
  std::unique_ptr<Guarded> memory;
  T* first;

  Matrix(int64_t height, int64_t width, int64_t members, Layout layout, bool against_end)
      : height(height), width(width), members(members) {
    int64_t rows = height, columns = width;
    row = width, col = 1;
    switch (layout) {
      case Layout::rows:
        break;
      case Layout::columns:
        row = 1, col = height;
        break;
      case Layout::padded_rows:
        row = width + 5;
        break;
      case Layout::padded_columns:
        row = 1, col = height + 3;
        break;
      case Layout::sliced:
        row = 3 * width + 1, col = 2;
        break;
      case Layout::reversed:
        row = -width, col = -1;
        break;
      case Layout::broadcast_rows:
        row = 0, rows = 1;
        break;
      case Layout::broadcast_columns:
        row = 1, col = 0, columns = 1;
        break;
    }
    const int64_t span_rows = rows > 0 ? (rows - 1) * std::abs(row) : 0;
    const int64_t span_columns = columns > 0 ? (columns - 1) * std::abs(col) : 0;
    const int64_t one = height * width == 0 ? 0 : span_rows + span_columns + 1;
    batch = one;
    memory = std::make_unique<Guarded>(static_cast<size_t>(one * members) * sizeof(T), against_end);
    first = memory->template as<T>() + (row < 0 ? span_rows : 0) + (col < 0 ? span_columns : 0);
    std::memset(memory->template as<char>(), 0x5a, memory->bytes());
  }
  T& at(int64_t member, int64_t i, int64_t j) const { return first[member * batch + i * row + j * col]; }
  template <class Draw>
  void fill(Draw draw) {
    for (int64_t b = 0; b < members; ++b)
      for (int64_t i = 0; i < height; ++i)
        for (int64_t j = 0; j < width; ++j) at(b, i, j) = draw();
  }
  /// The values alone, row-major, whatever the layout.
  std::vector<T> values() const {
    std::vector<T> all;
    all.reserve(static_cast<size_t>(members * height * width));
    for (int64_t b = 0; b < members; ++b)
      for (int64_t i = 0; i < height; ++i)
        for (int64_t j = 0; j < width; ++j) all.push_back(at(b, i, j));
    return all;
  }
  /// A copy of the same values with another layout.
  Matrix with(Layout layout, bool against_end) const {
    Matrix copy(height, width, members, layout, against_end);
    for (int64_t b = 0; b < members; ++b)
      for (int64_t i = 0; i < height; ++i)
        for (int64_t j = 0; j < width; ++j) copy.at(b, i, j) = at(b, i, j);
    return copy;
  }
};

template <class T>
GemmArgs arguments(const Matrix<T>& a, const Matrix<T>& b, const Matrix<T>& c) {
  GemmArgs g;
  g.element = element_of<T>;
  g.a = a.first, g.b = b.first, g.c = c.first;
  g.m = a.height, g.k = a.width, g.n = b.width;
  g.a_row = a.row, g.a_col = a.col, g.b_row = b.row, g.b_col = b.col, g.c_row = c.row, g.c_col = c.col;
  g.batch = c.members;
  g.a_batch = a.members == 1 ? 0 : a.batch, g.b_batch = b.members == 1 ? 0 : b.batch, g.c_batch = c.batch;
  return g;
}

/// Runs with scratch of exactly the promised size between guard pages.
void run(const GemmArgs& g, CpuLevel level) {
  const size_t bytes = gemm_scratch_bytes(g, level);
  EXPECT_EQ(bytes % 64, 0u);
  const Guarded scratch(bytes, true);
  gemm(g, scratch.as<void>(), level);
}

template <class T>
bool same_bits(const std::vector<T>& a, const std::vector<T>& b) {
  if (a.size() != b.size()) return false;
  for (size_t i = 0; i < a.size(); ++i) {
    if (std::memcmp(&a[i], &b[i], sizeof(T)) != 0 && !(std::isnan(a[i]) && std::isnan(b[i]))) return false;
  }
  return true;
}

/// The contract written out: one chain of fma per k-block, blocks added in order.
template <class T>
T chain(const Matrix<T>& a, const Matrix<T>& b, int64_t member, int64_t i, int64_t j, const T* start, const T* bias) {
  const int64_t am = a.members == 1 ? 0 : member, bm = b.members == 1 ? 0 : member;
  T total = start != nullptr ? *start : T{0};
  const int64_t block = vmath::gemm_k_block(a.width);
  for (int64_t k = 0; k < a.width; k += block) {
    T part = 0;
    for (int64_t at = k; at < std::min(k + block, a.width); ++at)
      part = std::fma(a.at(am, i, at), b.at(bm, at, j), part);
    total = k == 0 && start == nullptr ? part : total + part;
  }
  return bias != nullptr ? total + bias[j] : total;
}

/// Every element against the written-out chain (bits, at levels with fma) and against a sum in f64 or long double with
/// the bound k·eps·Σ|a||b|.
template <class T>
void check(const Matrix<T>& a, const Matrix<T>& b, const Matrix<T>& before, const Matrix<T>& after, bool accumulate,
           const T* bias, CpuLevel level) {
  using Wide = std::conditional_t<sizeof(T) == 4, double, long double>;
  const double eps = std::numeric_limits<T>::epsilon() / 2.0;
  for (int64_t member = 0; member < after.members; ++member) {
    const int64_t am = a.members == 1 ? 0 : member, bm = b.members == 1 ? 0 : member;
    for (int64_t i = 0; i < after.height; ++i) {
      for (int64_t j = 0; j < after.width; ++j) {
        const T got = after.at(member, i, j);
        const T* start = accumulate ? &before.at(member, i, j) : nullptr;
        Wide sum = accumulate ? *start : T{0}, magnitude = std::abs(sum);
        for (int64_t k = 0; k < a.width; ++k) {
          const Wide term = static_cast<Wide>(a.at(am, i, k)) * b.at(bm, k, j);
          sum += term, magnitude += std::abs(term);
        }
        if (bias != nullptr) sum += bias[j], magnitude += std::abs(bias[j]);
        // portable rounds the product and the sum: twice the bound
        const double bound =
            static_cast<double>(magnitude) * eps * (a.width + 2) * (level == CpuLevel::portable ? 2 : 1);
        ASSERT_LE(std::abs(static_cast<double>(got - sum)), bound)
            << raven::cpu_level_name(level) << " (" << i << ", " << j << ") of " << a.height << "x" << a.width << "x"
            << b.width;
        if (level == CpuLevel::portable) continue;
        const T expected = chain(a, b, member, i, j, start, bias);
        ASSERT_EQ(std::memcmp(&got, &expected, sizeof(T)), 0)
            << raven::cpu_level_name(level) << " (" << i << ", " << j << ") of " << a.height << "x" << a.width << "x"
            << b.width << ": " << got << " != " << expected;
      }
    }
  }
}

template <class T>
class GemmFloat : public ::testing::Test {};
using Floats = ::testing::Types<float, double>;
TYPED_TEST_SUITE(GemmFloat, Floats);

template <class T>
void random_case(std::mt19937& random, int64_t m, int64_t n, int64_t k, int64_t members) {
  const auto pick = [&](int64_t count) { return static_cast<int64_t>(random() % static_cast<uint64_t>(count)); };
  std::uniform_real_distribution<T> uniform(-1, 1);
  const bool end = pick(2) == 0, accumulate = pick(2) == 0, with_bias = pick(2) == 0;
  Matrix<T> a(m, k, pick(4) == 0 ? 1 : members, input_layouts[pick(std::size(input_layouts))], end);
  Matrix<T> b(k, n, pick(4) == 0 ? 1 : members, input_layouts[pick(std::size(input_layouts))], end);
  Matrix<T> before(m, n, members, output_layouts[pick(std::size(output_layouts))], end);
  a.fill([&] { return uniform(random); });
  b.fill([&] { return uniform(random); });
  before.fill([&] { return uniform(random); });
  const Guarded bias_memory(static_cast<size_t>(n) * sizeof(T), end);
  T* bias = with_bias ? bias_memory.as<T>() : nullptr;
  for (int64_t j = 0; with_bias && j < n; ++j) bias[j] = uniform(random);
  for (const CpuLevel level : levels()) {
    Matrix<T> after = before.with(output_layouts[pick(std::size(output_layouts))], end);
    const std::vector<char> untouched(after.memory->template as<char>(),
                                      after.memory->template as<char>() + after.memory->bytes());
    GemmArgs g = arguments(a, b, after);
    g.accumulate = accumulate, g.bias = bias;
    run(g, level);
    check(a, b, before, after, accumulate, bias, level);
    // bytes between the elements of C stay as they were
    Matrix<T> restored = after.with(Layout::rows, end);
    std::vector<T> values = before.values();
    size_t at = 0;
    for (int64_t member = 0; member < members; ++member)
      for (int64_t i = 0; i < m; ++i)
        for (int64_t j = 0; j < n; ++j) after.at(member, i, j) = values[at++];
    const char* now = after.memory->template as<char>();
    ASSERT_TRUE(std::equal(untouched.begin(), untouched.end(), now));
    if (::testing::Test::HasFatalFailure()) return;
  }
}

TYPED_TEST(GemmFloat, RandomShapesAndLayouts) {
  std::mt19937 random(1);
  constexpr int64_t sizes[] = {0, 1, 2, 3, 5, 7, 8, 9, 15, 16, 17, 23, 24, 31, 33, 47, 48, 49, 63, 64, 65, 97, 130};
  for (int round = 0; round < 600; ++round) {
    const auto pick = [&] { return sizes[random() % std::size(sizes)]; };
    random_case<TypeParam>(random, pick(), pick(), pick(), 1);
    if (this->HasFatalFailure()) return;
  }
}

TYPED_TEST(GemmFloat, Batches) {
  std::mt19937 random(2);
  constexpr int64_t sizes[] = {1, 2, 4, 8, 9, 16, 33, 64};
  for (int round = 0; round < 120; ++round) {
    const auto pick = [&] { return sizes[random() % std::size(sizes)]; };
    random_case<TypeParam>(random, pick(), pick(), pick(), static_cast<int64_t>(random() % 9));
    if (this->HasFatalFailure()) return;
  }
}

TYPED_TEST(GemmFloat, SeveralBlocksOfK) {
  std::mt19937 random(3);
  constexpr int64_t lengths[] = {511, 512, 513, 768, 1024, 1025, 1537, 4999};
  for (const int64_t k : lengths) {
    for (int round = 0; round < 6; ++round) {
      random_case<TypeParam>(random, 1 + static_cast<int64_t>(random() % 40), 1 + static_cast<int64_t>(random() % 110),
                             k, 1);
      if (this->HasFatalFailure()) return;
    }
    random_case<TypeParam>(random, 1, 1, k, 1);
    random_case<TypeParam>(random, 1, 300, k, 1);
    random_case<TypeParam>(random, 300, 1, k, 1);
    random_case<TypeParam>(random, 200, 3, k, 2);
    if (this->HasFatalFailure()) return;
  }
}

// Shapes beyond one super-block, beyond one chunk, and the skinny chunks: one layout each, against the first result.
TYPED_TEST(GemmFloat, SameBitsForLevelsThreadsAndLayouts) {
  using T = TypeParam;
  struct Shape {
    int64_t m, n, k, members;
  };
  constexpr Shape shapes[] = {{768, 384, 128, 1},   {512, 128, 768, 1}, {300, 63, 700, 1}, {2100, 2100, 33, 1},
                              {1, 5000, 130, 1},    {5000, 1, 130, 1},  {7, 3000, 96, 1},  {5000, 32, 32, 1},
                              {64, 64, 64, 40},     {8, 8, 8, 999},     {1, 1, 600000, 1}, {4, 4, 4, 3},
                              {4200, 100, 1030, 1}, {33, 4096, 65, 1},
                              // read in place: all of B, all but its last panel; chunks down the columns; both operands
                              {768, 128, 384, 1},   {500, 200, 129, 1}, {64, 1230, 300, 1},  {128, 512, 768, 1}};
  std::mt19937 random(4);
  std::uniform_real_distribution<T> uniform(-1, 1);
  for (const Shape& s : shapes) {
    Matrix<T> a(s.m, s.k, s.members, Layout::rows, true), b(s.k, s.n, s.members, Layout::rows, true);
    Matrix<T> before(s.m, s.n, s.members, Layout::rows, true);
    a.fill([&] { return uniform(random); });
    b.fill([&] { return uniform(random); });
    before.fill([&] { return uniform(random); });
    const Matrix<T> a_transposed = a.with(Layout::columns, true), b_transposed = b.with(Layout::columns, true);
    std::vector<T> reference;
    for (const CpuLevel level : exact_levels()) {
      for (const int threads : {1, 2, 5}) {
        const int former = raven::num_threads();
        raven::set_num_threads(threads);
        for (int layout = 0; layout < 4; ++layout) {
          if (layout != 0 && threads == 5) continue;
          Matrix<T> after = before.with(layout == 3 ? Layout::columns : Layout::rows, true);
          GemmArgs g = arguments(layout & 1 ? a_transposed : a, layout & 2 ? b_transposed : b, after);
          g.accumulate = true;
          run(g, level);
          const std::vector<T> values = after.values();
          if (reference.empty()) {
            reference = values;
            for (int probe = 0; probe < 200; ++probe) {
              const int64_t member = static_cast<int64_t>(random()) % s.members,
                            i = static_cast<int64_t>(random()) % s.m, j = static_cast<int64_t>(random()) % s.n;
              const T expected = chain<T>(a, b, member, i, j, &before.at(member, i, j), nullptr);
              const T got = after.at(member, i, j);
              ASSERT_EQ(std::memcmp(&got, &expected, sizeof(T)), 0) << s.m << "x" << s.k << "x" << s.n;
            }
          }
          EXPECT_TRUE(same_bits(values, reference))
              << s.m << "x" << s.k << "x" << s.n << " at " << raven::cpu_level_name(level) << ", " << threads
              << " threads, layout " << layout;
        }
        raven::set_num_threads(former);
      }
    }
  }
}

TYPED_TEST(GemmFloat, NanAndInfinityPropagate) {
  using T = TypeParam;
  const T inf = std::numeric_limits<T>::infinity(), nan = std::numeric_limits<T>::quiet_NaN();
  for (const CpuLevel level : levels()) {
    for (const int64_t m : {1, 3, 20}) {
      for (const int64_t n : {1, 5, 70}) {
        const int64_t k = 40;
        Matrix<T> a(m, k, 1, Layout::rows, true), b(k, n, 1, Layout::rows, true), c(m, n, 1, Layout::rows, true);
        a.fill([] { return T{1}; });
        b.fill([] { return T{1}; });
        a.at(0, m - 1, 7) = 0, b.at(0, 7, n - 1) = inf;  // 0·inf
        a.at(0, 0, 9) = m > 1 ? nan : T{1};              // a row of NaN
        GemmArgs g = arguments(a, b, c);
        run(g, level);
        EXPECT_TRUE(std::isnan(c.at(0, m - 1, n - 1)));
        if (n > 1) {
          EXPECT_EQ(c.at(0, m - 1, 0), T{39});
        }
        if (m > 1) {
          EXPECT_TRUE(std::isnan(c.at(0, 0, 0)));
        }
        if (m > 2) {
          EXPECT_EQ(c.at(0, 1, n - 1), inf);
        }
        // old contents of C do not leak in without accumulate, and do with it
        c.fill([&] { return nan; });
        a.fill([] { return T{1}; });
        b.fill([] { return T{1}; });
        run(g, level);
        EXPECT_EQ(c.at(0, 0, 0), T{40});
        c.fill([&] { return inf; });
        g.accumulate = true;
        run(g, level);
        EXPECT_EQ(c.at(0, m - 1, n - 1), inf);
      }
    }
  }
}

TYPED_TEST(GemmFloat, EmptySumsAndEmptyOutputs) {
  using T = TypeParam;
  const T bias[3] = {1, 2, 3};
  for (const CpuLevel level : levels()) {
    T c[6] = {5, 5, 5, 5, 5, 5};
    GemmArgs g{.element = element_of<T>, .c = c, .m = 2, .n = 3, .k = 0, .c_row = 3};
    g.bias = bias;
    run(g, level);
    EXPECT_EQ(c[0], T{1});
    EXPECT_EQ(c[5], T{3});
    g.accumulate = true;
    run(g, level);
    EXPECT_EQ(c[4], T{4});
    g.m = 0;
    run(g, level);
    EXPECT_EQ(c[4], T{4});
  }
}

TEST(GemmBlocks, LengthDependsOnKAlone) {
  EXPECT_EQ(vmath::gemm_k_block(0), 1);
  EXPECT_EQ(vmath::gemm_k_block(512), 512);
  EXPECT_EQ(vmath::gemm_k_block(513), 272);
  EXPECT_EQ(vmath::gemm_k_block(768), 384);
  EXPECT_EQ(vmath::gemm_k_block(1024), 512);
  for (int64_t k = 1; k < 5000; ++k) {
    EXPECT_LE(vmath::gemm_k_block(k), vmath::gemm_k_limit);
    EXPECT_GE(vmath::gemm_k_block(k), std::min<int64_t>(k, 256));
  }
}

template <class T>
void integer_case(GemmElement element, std::mt19937& random) {
  constexpr int64_t shapes[][3] = {{1, 1, 1}, {3, 5, 7}, {17, 600, 33}, {64, 64, 64}, {2, 3, 0}};
  using Wide = std::conditional_t<(sizeof(T) < 4), uint32_t, T>;
  for (const auto& [m, n, k] : shapes) {
    for (const CpuLevel level : levels()) {
      Matrix<T> a(m, k, 2, input_layouts[random() % 6], true), b(k, n, 2, input_layouts[random() % 6], true);
      Matrix<T> c(m, n, 2, output_layouts[random() % 4], true);
      const bool truth = element == GemmElement::b1, accumulate = random() % 2 == 0;
      const auto draw = [&] { return truth ? T(random() % 8 == 0) : static_cast<T>(random() * 0x9e3779b97f4a7c15u); };
      a.fill(draw), b.fill(draw), c.fill(draw);
      const Matrix<T> before = c.with(Layout::rows, true);
      GemmArgs g = arguments(a, b, c);
      g.element = element, g.accumulate = accumulate;
      run(g, level);
      for (int64_t member = 0; member < 2; ++member) {
        for (int64_t i = 0; i < m; ++i) {
          for (int64_t j = 0; j < n; ++j) {
            Wide sum = accumulate ? before.at(member, i, j) : T{0};
            for (int64_t at = 0; at < k; ++at) {
              const Wide x = a.at(member, i, at), y = b.at(member, at, j);
              sum = truth ? Wide(sum | (x & y)) : Wide(sum + x * y);
            }
            ASSERT_EQ(c.at(member, i, j), static_cast<T>(sum));
          }
        }
      }
    }
  }
}

TEST(GemmInteger, WrapsAndIsTheOrOfAnds) {
  std::mt19937 random(5);
  for (int round = 0; round < 4; ++round) {
    integer_case<uint8_t>(GemmElement::i8, random);
    integer_case<uint16_t>(GemmElement::i16, random);
    integer_case<uint32_t>(GemmElement::i32, random);
    integer_case<uint64_t>(GemmElement::i64, random);
    integer_case<uint8_t>(GemmElement::b1, random);
  }
}

}  // namespace
}  // namespace nx::cpu
