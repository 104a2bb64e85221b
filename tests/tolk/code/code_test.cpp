// Code as the plan uses it: shared by text, in parallel, interpreted on demand; and what the back end refuses.
#include <elf.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <thread>

#include "raven/tolk/code/internal/backend.hpp"
#include "raven/tolk/error.hpp"
#include "tolk/code/support.hpp"
#include "tolk/loop/kernels.hpp"

// What a debugger reads (GDB manual, JIT Compilation Interface).
extern "C" {
struct jit_code_entry {
  jit_code_entry *next_entry, *prev_entry;
  const char* symfile_addr;
  uint64_t symfile_size;
};
struct jit_descriptor {
  uint32_t version, action_flag;
  jit_code_entry *relevant_entry, *first_entry;
};
extern jit_descriptor __jit_debug_descriptor;
}

namespace code_test {
namespace {

/// Addresses of the functions of this name that debuggers know.
std::vector<uint64_t> known_to_debuggers(const std::string& name) {
  std::vector<uint64_t> found;
  for (const jit_code_entry* e = __jit_debug_descriptor.first_entry; e != nullptr; e = e->next_entry) {
    EXPECT_TRUE(e->next_entry == nullptr || e->next_entry->prev_entry == e);
    const auto at = [&](uint64_t offset, auto& value) {
      ASSERT_LE(offset + sizeof value, e->symfile_size);
      std::memcpy(&value, e->symfile_addr + offset, sizeof value);
    };
    Elf64_Ehdr header{};
    at(0, header);
    std::vector<Elf64_Shdr> sections(header.e_shnum);
    for (size_t i = 0; i < sections.size(); ++i) at(header.e_shoff + i * sizeof(Elf64_Shdr), sections[i]);
    for (const Elf64_Shdr& section : sections) {
      if (section.sh_type != SHT_SYMTAB) continue;
      const Elf64_Shdr& names = sections.at(section.sh_link);
      for (uint64_t i = 1; i < section.sh_size / sizeof(Elf64_Sym); ++i) {
        Elf64_Sym symbol{};
        at(section.sh_offset + i * sizeof symbol, symbol);
        EXPECT_EQ(names.sh_offset + names.sh_size, e->symfile_size);
        if (e->symfile_addr + names.sh_offset + symbol.st_name == name)
          found.push_back(sections.at(symbol.st_shndx).sh_addr + symbol.st_value);
      }
    }
  }
  return found;
}

TEST(Code, DebuggersKnowTheNameWhileTheCodeLives) {
  const auto kernel_named = [](const std::string& name) {
    Builder b(name);
    const Id out = b.param(Type::f32, Access::write, 1);
    b.store(out, b.index(0), b.real(Type::f32, 7));
    return b.finish();
  };
  ::setenv("TOLK_GDB", "1", 1);
  const Kernel first = kernel_named("debugged"), second = kernel_named("debugged_too");
  const Kernel* const kernels[] = {&first, &second};
  auto codes = tolk::compile_kernels(kernels);
  ::unsetenv("TOLK_GDB");
  for (const auto& code : codes) {
    const std::vector<uint64_t> at = known_to_debuggers("tolk." + code->name());
    ASSERT_EQ(at.size(), 1u);
    const auto entry = reinterpret_cast<uint64_t>(code->entry());
    EXPECT_LE(at[0], entry);
    EXPECT_LT(entry, at[0] + code->size());
  }
  codes.erase(codes.begin());
  EXPECT_TRUE(known_to_debuggers("tolk.debugged").empty());
  EXPECT_EQ(known_to_debuggers("tolk.debugged_too").size(), 1u);
  codes.clear();
  EXPECT_TRUE(known_to_debuggers("tolk.debugged_too").empty());
  const Kernel third = kernel_named("not_debugged");
  const Kernel* const others[] = {&third};
  codes = tolk::compile_kernels(others);
  EXPECT_TRUE(known_to_debuggers("tolk.not_debugged").empty());
}

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
