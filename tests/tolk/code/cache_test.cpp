// Code on disk: exact keys, and every way in which a file or a directory can be wrong is a miss.
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <bit>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <thread>

#include "raven/base/file.hpp"
#include "raven/tolk/code/internal/disk_cache.hpp"
#include "raven/tolk/error.hpp"
#include "tolk/code/support.hpp"

namespace code_test {
namespace {

namespace fs = std::filesystem;
using tolk::DiskCache;
using tolk::Image;

/// A directory of its own for a test.
class Directory {
 public:
  Directory() {
    char name[] = "/tmp/raven_tolk_code_XXXXXX";
    path = ::mkdtemp(name);
  }
  ~Directory() {
    std::error_code ignored;
    fs::permissions(path, fs::perms::owner_all, ignored);
    fs::remove_all(path, ignored);
  }
  std::string path;
};

/// The only file of a directory with this ending.
std::string only_file(const std::string& directory) {
  std::vector<std::string> files;
  for (const auto& entry : fs::directory_iterator(directory)) files.push_back(entry.path());
  EXPECT_EQ(files.size(), 1u);
  return files.empty() ? "" : files.front();
}

Image image_of(std::string_view bytes, size_t entry = 0) {
  Image image;
  image.bytes.assign(bytes.begin(), bytes.end());
  image.entry = entry;
  return image;
}

/// What the program says, run with these variables set.
std::string program(const std::string& variables, const std::string& arguments = "",
                    const std::string& path = RAVEN_CODE_PROGRAM) {
  FILE* pipe = ::popen((variables + " '" + path + "' " + arguments + " 2>&1").c_str(), "r");
  std::string text;
  char part[4096];
  while (std::fgets(part, sizeof part, pipe) != nullptr) text += part;
  ::pclose(pipe);
  return text;
}

TEST(Cache, KeepsWhatIsPut) {
  const Directory at;
  const DiskCache cache(at.path);
  EXPECT_FALSE(cache.find("key"));
  cache.put("key", image_of("code", 2));
  const auto found = cache.find("key");
  ASSERT_TRUE(found);
  EXPECT_EQ(found->bytes, image_of("code").bytes);
  EXPECT_EQ(found->entry, 2u);
  EXPECT_FALSE(cache.find("kez"));
  struct stat status;
  ASSERT_EQ(::stat(only_file(at.path).c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0600u);
}

TEST(Cache, TemporariesOfAKilledProcessWithOurNumberAreNoHindrance) {
  const Directory at;
  const DiskCache cache(at.path);
  for (const std::string key : {"a", "b", "c", "d"}) {
    cache.put(key, image_of("code"));
    const std::string path = cache.path_of(key);
    ASSERT_EQ(::unlink(path.c_str()), 0);
    for (int i = 0; i < 1000; i += 2) raven::write_atomic(path + ".tmp-" + std::to_string(::getpid()) + "-" + std::to_string(i), "");
    cache.put(key, image_of("code"));
    EXPECT_TRUE(cache.find(key)) << key;
    cache.put(key + "2", image_of("code"));  // the next number is an even one in every second round
  }
}

TEST(Cache, ComparesTextsNotOnlyHashes) {
  const Directory at;
  const DiskCache cache(at.path);
  cache.put("key one", image_of("code"));
  fs::rename(cache.path_of("key one"), cache.path_of("key two"));  // as if both had one hash
  EXPECT_FALSE(cache.find("key two"));
}

TEST(Cache, cache_torn) {
  const Directory at;
  const DiskCache cache(at.path);
  cache.put("key", image_of("some code", 3));
  const std::string file = only_file(at.path), whole = raven::read_file(file);
  for (size_t size = 0; size < whole.size(); ++size) {
    std::ofstream(file, std::ios::binary | std::ios::trunc) << whole.substr(0, size);
    EXPECT_FALSE(cache.find("key")) << size;
  }
  std::ofstream(file, std::ios::binary | std::ios::trunc) << whole << "more";
  EXPECT_FALSE(cache.find("key"));
  std::ofstream(file, std::ios::binary | std::ios::trunc) << whole;
  EXPECT_TRUE(cache.find("key"));
}

TEST(Cache, cache_corrupt) {
  const Directory at;
  const DiskCache cache(at.path);
  cache.put("key", image_of("some code", 3));
  const std::string file = only_file(at.path), whole = raven::read_file(file);
  for (size_t bit = 0; bit < whole.size() * 8; ++bit) {
    std::string damaged = whole;
    damaged[bit / 8] = static_cast<char>(damaged[bit / 8] ^ (1 << (bit % 8)));
    std::ofstream(file, std::ios::binary | std::ios::trunc) << damaged;
    EXPECT_FALSE(cache.find("key")) << bit;
  }
}

TEST(Cache, FilesThatOthersMayWriteAreMisses) {
  const Directory at;
  const DiskCache cache(at.path);
  cache.put("key", image_of("code"));
  const std::string file = only_file(at.path);
  for (const mode_t mode : {0620, 0602, 0666}) {
    ASSERT_EQ(::chmod(file.c_str(), mode), 0);
    EXPECT_FALSE(cache.find("key")) << mode;
  }
  ASSERT_EQ(::chmod(file.c_str(), 0644), 0);
  EXPECT_TRUE(cache.find("key"));
  if (::geteuid() == 0) {  // only root can give a file away
    ASSERT_EQ(::chown(file.c_str(), 65534, static_cast<gid_t>(-1)), 0);
    EXPECT_FALSE(cache.find("key"));
  }
  fs::rename(file, file + ".real");
  fs::create_symlink(file + ".real", file);
  EXPECT_FALSE(cache.find("key"));
}

TEST(Cache, DirectoriesThatOthersMayWriteAreNotUsed) {
  const Directory at;
  for (const mode_t mode : {0720, 0702, 0777}) {
    ASSERT_EQ(::chmod(at.path.c_str(), mode), 0);
    EXPECT_FALSE(DiskCache(at.path).enabled()) << mode;
  }
  EXPECT_FALSE(DiskCache(at.path + "/missing").enabled());
  EXPECT_FALSE(DiskCache("/dev/null").enabled());
  ASSERT_EQ(::chmod(at.path.c_str(), 0755), 0);
  EXPECT_TRUE(DiskCache(at.path).enabled());
}

TEST(Cache, DropsWhatWasUsedLongestAgo) {
  const Directory at;
  const DiskCache cache(at.path);
  for (const char* key : {"a", "b", "c"}) {
    cache.put(key, image_of(std::string(1000, 'x')));
    const timespec times[2] = {{1000 + key[0], 0}, {1000 + key[0], 0}};
    ASSERT_EQ(::utimensat(AT_FDCWD, cache.path_of(key).c_str(), times, 0), 0);
  }
  EXPECT_TRUE(cache.find("a"));  // used now
  cache.trim(2500);
  EXPECT_TRUE(cache.find("a"));
  EXPECT_FALSE(cache.find("b"));
  EXPECT_TRUE(cache.find("c"));
}

TEST(Cache, key_float_digits) {
  const Directory at;
  ::setenv("TOLK_CACHE", at.path.c_str(), 1);
  const double reals[] = {0.0,
                          -0.0,
                          1e-30,
                          1.0000000000000002,
                          5e-324,
                          -5e-324,
                          1.7976931348623157e308,
                          0.1,
                          1.0 / 3,
                          std::numeric_limits<double>::infinity(),
                          -std::numeric_limits<double>::infinity()};
  std::vector<uint64_t> bits;
  for (const double real : reals) bits.push_back(std::bit_cast<uint64_t>(real));
  bits.push_back(0x7ff8000000000000), bits.push_back(0x7ff8000000000001), bits.push_back(~uint64_t{0});
  bits.push_back(1), bits.push_back(static_cast<uint64_t>(-1));
  for (int round = 0; round < 2; ++round) {  // compiled, then from the disk
    for (const Type type : {Type::f64, Type::i64, Type::u64}) {
      for (const uint64_t pattern : bits) {
        Builder b("constant");
        b.store(b.param(Type::u64, Access::write, 1), b.index(0), b.bitcast(Type::u64, b.constant(type, pattern)));
        const Kernel kernel = b.finish();
        Builder c("from_value");  // the constant as data of an operation that keeps its bits
        const Id mask = c.param(Type::b1, Access::read, 1), out = c.param(type, Access::write, 1);
        c.store(out, c.index(0), c.select(c.load(mask, c.index(0)), c.constant(type, pattern), c.constant(type, 77)));
        const Kernel other = c.finish();
        const Kernel* const kernels[] = {&kernel, &other};
        const auto codes = tolk::compile_kernels(kernels, raven::CpuLevel::portable);
        uint64_t got = 0, chosen = 0;
        uint8_t truth = 1;
        void* buffers[] = {&got};
        codes[0]->run(buffers, nullptr, 0, 1, nullptr);
        EXPECT_EQ(got, pattern) << name_of(type);
        void* others[] = {&truth, &chosen};
        codes[1]->run(others, nullptr, 0, 1, nullptr);
        EXPECT_EQ(chosen, pattern) << name_of(type);
        if (round == 1) {
          EXPECT_EQ(codes[0]->origin(), Compiled::Origin::disk);
        }
      }
    }
  }
  ::setenv("TOLK_CACHE", "0", 1);
}

TEST(Cache, AHitNeverOpensLlvm) {
  const Directory at;
  const std::string variables = "TOLK_CACHE=" + at.path;
  EXPECT_EQ(program(variables, "3"), "3 0 0 1 6\n");
  EXPECT_EQ(program(variables, "3"), "0 3 0 0 6\n");
  EXPECT_EQ(program(variables, "4"), "1 3 0 1 10\n");
  EXPECT_EQ(program(variables + " TOLK_BACKEND=/nowhere.so", "4"), "0 4 0 0 10\n");
  EXPECT_EQ(program("TOLK_CACHE=0", "2"), "2 0 0 1 3\n");
  EXPECT_EQ(program("TOLK_CACHE=0 TOLK_BACKEND=interpret", "2"), "0 0 2 0 3\n");
  EXPECT_EQ(program("TOLK_CACHE=0", "0"), "0 0 0 0 0\n");
}

TEST(Cache, AMissingBackEndSaysWhatToDo) {
  const std::string text = program("TOLK_CACHE=0 TOLK_BACKEND=/nowhere.so");
  EXPECT_NE(text.find("TOLK_BACKEND: /nowhere.so"), text.npos) << text;
  EXPECT_NE(text.find("llvm-19-dev"), text.npos) << text;
  const std::string other = program("TOLK_CACHE=0 TOLK_BACKEND=libc.so.6");
  EXPECT_NE(other.find("not a back end of this version"), other.npos) << other;
}

#if defined(RAVEN_CODE_STATIC_PROGRAM)
TEST(Cache, AStaticProgramRunsWhatADynamicOneCompiled) {
  const Directory at;
  const std::string variables = "TOLK_CACHE=" + at.path;
  const std::string refused = program(variables, "2", RAVEN_CODE_STATIC_PROGRAM);
  EXPECT_NE(refused.find("fully static program"), refused.npos) << refused;
  EXPECT_EQ(program(variables + " TOLK_BACKEND=interpret", "2", RAVEN_CODE_STATIC_PROGRAM), "0 0 2 0 3\n");
  EXPECT_EQ(program(variables, "2"), "2 0 0 1 3\n");
  EXPECT_EQ(program(variables, "2", RAVEN_CODE_STATIC_PROGRAM), "0 2 0 0 3\n");
}
#endif

TEST(Cache, cache_new_build) {
  // An entry that a build of other sources left in the same place is made again, and its code is not run.
  const Directory at;
  const std::string variables = "TOLK_CACHE=" + at.path;
  EXPECT_EQ(program(variables), "1 0 0 1 1\n");
  const std::string file = only_file(at.path), whole = raven::read_file(file);
  const size_t id = whole.find(tolk::backend_build_id());
  ASSERT_NE(id, whole.npos);
  uint64_t key_size = 0;
  std::memcpy(&key_size, whole.data() + 8, sizeof key_size);
  std::string key = whole.substr(id, key_size);
  const DiskCache cache(at.path);
  ASSERT_TRUE(cache.find(key));
  key[0] = key[0] == '0' ? '1' : '0';
  cache.put(key, image_of(std::string(1000, '\xcc')));
  fs::rename(cache.path_of(key), file);
  EXPECT_EQ(program(variables), "1 0 0 1 1\n");
  EXPECT_EQ(program(variables), "0 1 0 0 1\n");
}

TEST(Cache, FoldersAboveAreMade) {
  const Directory at;
  const std::string variables = "TOLK_CACHE=" + at.path + "/of/several/levels";
  EXPECT_EQ(program(variables), "1 0 0 1 1\n");
  EXPECT_EQ(program(variables), "0 1 0 0 1\n");
}

TEST(Cache, cache_readonly) {
  const Directory at;
  EXPECT_EQ(program("HOME=/dev/null XDG_CACHE_HOME= TOLK_CACHE="), "1 0 0 1 1\n");
  // Who names a directory is told, once.
  for (const std::string place : {"/dev/null", "/proc/nothing/here"})
    EXPECT_EQ(program("TOLK_CACHE=" + place),
              "raven: warning: tolk.compile: TOLK_CACHE: \"" + place +
                  "\" is no directory that belongs to this user and that nobody else may write; machine code is not "
                  "kept\n1 0 0 1 1\n");
  ASSERT_EQ(::chmod(at.path.c_str(), 0500), 0);  // root writes all the same
  EXPECT_EQ(program("TOLK_CACHE=" + at.path).substr(4), "0 1 1\n");
}

TEST(Cache, TheUsersCacheDirectoryIsTheDefault) {
  const Directory at;
  EXPECT_EQ(program("TOLK_CACHE= XDG_CACHE_HOME=" + at.path), "1 0 0 1 1\n");
  EXPECT_FALSE(only_file(at.path + "/raven/tolk").empty());
}

TEST(Cache, DamagedEntriesAreMadeAgain) {
  const Directory at;
  const std::string variables = "TOLK_CACHE=" + at.path;
  EXPECT_EQ(program(variables), "1 0 0 1 1\n");
  const std::string file = only_file(at.path);
  std::ofstream(file, std::ios::trunc) << "nonsense";
  EXPECT_EQ(program(variables), "1 0 0 1 1\n");
  EXPECT_EQ(program(variables), "0 1 0 0 1\n");
}

TEST(Cache, cache_two_processes) {
  const Directory at;
  const std::string variables = "TOLK_CACHE=" + at.path;
  std::vector<std::thread> threads;
  std::vector<std::string> said(4);
  for (size_t i = 0; i < said.size(); ++i) threads.emplace_back([&, i] { said[i] = program(variables, "8"); });
  for (std::thread& thread : threads) thread.join();
  for (const std::string& text : said) {
    int compiled = 0, disk = 0, rest = 0, open = 0, sum = 0;
    ASSERT_EQ(std::sscanf(text.c_str(), "%d %d %d %d %d", &compiled, &disk, &rest, &open, &sum), 5) << text;
    EXPECT_EQ(compiled + disk, 8) << text;
    EXPECT_EQ(sum, 36) << text;
  }
  EXPECT_EQ(program(variables, "8"), "0 8 0 0 36\n");
}

}  // namespace
}  // namespace code_test
