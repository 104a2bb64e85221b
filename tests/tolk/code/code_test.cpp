// Code as the plan uses it: shared by text, in parallel, interpreted on demand; and what the back end refuses.
#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <thread>

#include "raven/tolk/code/internal/backend.hpp"
#include "raven/tolk/error.hpp"
#include "tolk/code/support.hpp"
#include "tolk/loop/kernels.hpp"

namespace code_test {
namespace {

TEST(Code, IsSharedByText) {
  const Kernel a = loop_test::map(), b = loop_test::map(), c = loop_test::shift();
  const Kernel* const kernels[] = {&a, &c, &b, &a};
  const auto codes = tolk::compile_kernels(kernels);
  EXPECT_EQ(codes[0], codes[2]);
  EXPECT_EQ(codes[0], codes[3]);
  EXPECT_NE(codes[0], codes[1]);
  EXPECT_EQ(tolk::compile_kernels(kernels)[2], codes[0]);
  EXPECT_NE(tolk::compile_kernels(kernels, raven::CpuLevel::portable)[0], codes[0]);
  EXPECT_EQ(codes[0]->name(), "map");
  EXPECT_NE(codes[0]->entry(), nullptr);
  EXPECT_GT(codes[0]->size(), 100u);
}

TEST(Code, NoKernelsAreNoWork) { EXPECT_TRUE(tolk::compile_kernels({}).empty()); }

TEST(Code, ManyThreadsCompileTheSame) {
  const Kernel kernel = loop_test::softmax();
  const Kernel* const kernels[] = {&kernel};
  std::vector<std::shared_ptr<const Compiled>> codes(4);
  std::vector<std::thread> threads;
  for (auto& code : codes) threads.emplace_back([&] { code = tolk::compile_kernels(kernels).front(); });
  for (std::thread& thread : threads) thread.join();
  for (const auto& code : codes) EXPECT_EQ(code, codes[0]);
}

TEST(Code, InterpretedCodeGivesTheSameAndChecksItsAccesses) {
  ::setenv("TOLK_BACKEND", "interpret", 1);
  const Kernel kernel = loop_test::map();
  const Kernel* const kernels[] = {&kernel};
  const auto code = tolk::compile_kernels(kernels).front();
  EXPECT_EQ(code->origin(), Compiled::Origin::interpreted);
  const std::vector<Argument> arguments = {values(Type::f32, 20, 1), zeros(Type::f32, 20)};
  EXPECT_TRUE(
      same(call(*code, kernel, arguments, {20}, {0, 1}, false)[1], expected(kernel, arguments, {20}, {0, 1})[1]));
  Builder b("outside");
  const Id x = b.param(Type::f32, Access::both, b.dim(0));
  b.store(x, b.dim(0), b.real(Type::f32, 1));
  const Kernel bad = b.finish();
  const Kernel* const bads[] = {&bad};
  float place[8] = {};
  void* const buffers[] = {place};
  const int64_t dims[] = {4};
  EXPECT_THROW(tolk::compile_kernels(bads).front()->run(buffers, dims, 0, 1, nullptr), tolk::VerifyError);
  ::unsetenv("TOLK_BACKEND");
}

TEST(Code, TheBackEndRefusesWhatIsNoKernel) {
  for (const char* text : {"", "nonsense", "kernel a\n  %0 = load.f32 %1 %2\n", "kernel k\n  %0 = loop 0 4 step 1\n"}) {
    try {
      tolk::compile_text(text, raven::CpuLevel::portable);
      ADD_FAILURE() << text;
    } catch (const tolk::BackendError& fault) {
      EXPECT_NE(std::string(fault.what()).find("refuses a kernel"), std::string::npos) << fault.what();
    }
  }
}

/// Milliseconds to compile a small kernel, printed: the best of several.
TEST(Code, CompileTime) {
  const std::string text = print(loop_test::map());
  tolk::compile_text(text, raven::cpu_level());
  double best = 1e9;
  for (int i = 0; i < 5; ++i) {
    const auto start = std::chrono::steady_clock::now();
    tolk::compile_text(text, raven::cpu_level());
    best = std::min(best, std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start).count());
  }
  std::printf("gelu map compiled in %.2f ms\n", best);
}

}  // namespace

// The caches of the user stay as they are.
class WithoutCache : public ::testing::Environment {
  void SetUp() override {
    ::setenv("TOLK_CACHE", "0", 1);
    ::unsetenv("TOLK_BACKEND");
  }
};
static const auto* const environment = ::testing::AddGlobalTestEnvironment(new WithoutCache);

}  // namespace code_test
