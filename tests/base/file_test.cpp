#include "raven/base/file.hpp"

#include <dirent.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <string>
#include <utility>
#include <vector>

#include "gtest/gtest.h"
#include "raven/base/error.hpp"

namespace raven {
namespace {

class Files : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = testing::TempDir() + "raven-file-test-XXXXXX";
    folder = ::mkdtemp(pattern.data());
  }
  void TearDown() override { ASSERT_EQ(std::system(("rm -rf '" + folder + "'").c_str()), 0); }
  std::string at(const std::string& name) const { return folder + "/" + name; }
  std::vector<std::string> listing() const {
    std::vector<std::string> names;
    DIR* directory = ::opendir(folder.c_str());
    while (const dirent* entry = ::readdir(directory)) {
      if (entry->d_name[0] != '.') names.emplace_back(entry->d_name);
    }
    ::closedir(directory);
    std::sort(names.begin(), names.end());
    return names;
  }
  std::string folder;
};

template <class Body>
std::string io_error_of(Body body) {
  try {
    body();
  } catch (const IoError& error) {
    return error.what();
  }
  return "no error";
}

TEST_F(Files, WriteReadMap) {
  const std::string text("a\0b\n", 4);
  write_atomic(at("x"), text);
  EXPECT_EQ(read_file(at("x")), text);
  MappedFile mapped(at("x"));
  EXPECT_EQ(mapped.text(), text);
  EXPECT_EQ(mapped.bytes().size(), 4u);
  MappedFile moved = std::move(mapped);
  EXPECT_TRUE(mapped.bytes().empty());
  EXPECT_EQ(moved.text(), text);
  write_atomic(at("y"), "other");
  moved = MappedFile(at("y"));
  EXPECT_EQ(moved.text(), "other");
  EXPECT_EQ(listing(), (std::vector<std::string>{"x", "y"}));
}

TEST_F(Files, EmptyFile) {
  write_atomic(at("empty"), "");
  EXPECT_EQ(read_file(at("empty")), "");
  EXPECT_TRUE(MappedFile(at("empty")).bytes().empty());
}

TEST_F(Files, FilesWithoutASizeAreReadToTheirEnd) {
  EXPECT_NE(read_file("/proc/self/status").find("Pid:"), std::string::npos);
}

TEST_F(Files, BadInputIsRefusedWithItsReason) {
  ASSERT_EQ(::mkfifo(at("fifo").c_str(), 0600), 0);
  const struct {
    std::string path, reason, shown = {};
  } cases[] = {{at("absent"), "No such file or directory"},
               {folder, "Is a directory"},
               {at("fifo"), "got a device, pipe or socket, expected a regular file"},
               {"/dev/zero", "got a device, pipe or socket, expected a regular file"},
               {"", "No such file or directory"},
               {std::string("/a\0b", 4), "the path holds a zero byte", "/a\\x00b"},
               {at("fifo/x"), "Not a directory"}};
  for (const auto& [path, reason, shown] : cases) {
    const std::string expected = "nx.load: \"" + (shown.empty() ? path : shown) + "\": " + reason;
    EXPECT_EQ(io_error_of([&] { MappedFile(path, "nx.load"); }), expected);
    EXPECT_EQ(io_error_of([&] { read_file(path, "nx.load"); }), expected);
  }
}

TEST_F(Files, UncommittedWriteLeavesTheOldFile) {
  write_atomic(at("x"), "old");
  {
    AtomicFile file(at("x"));
    file.write("new");
    EXPECT_EQ(listing().size(), 2u);
  }
  EXPECT_EQ(read_file(at("x")), "old");
  EXPECT_EQ(listing(), std::vector<std::string>{"x"});
}

TEST_F(Files, LargeAndSmallWritesKeepTheirOrder) {
  std::string expected;
  AtomicFile file(at("x"));
  for (int i = 0; i < 2000; ++i) {
    const std::string part(static_cast<size_t>(i * 37 % 301), static_cast<char>('a' + i % 26));
    file.write(part);
    expected += part;
    if (i % 500 == 0) {
      const std::string big(100000, '#');
      file.write(std::as_bytes(std::span(big)));
      expected += big;
    }
  }
  file.commit();
  EXPECT_EQ(read_file(at("x")), expected);
  EXPECT_THROW(file.write("more"), Error);
  EXPECT_THROW(file.commit(), Error);
  EXPECT_EQ(read_file(at("x")), expected);
}

TEST_F(Files, TargetsThatCannotBeReplaced) {
  EXPECT_EQ(io_error_of([&] { write_atomic(folder, "x", "op"); }), "op: \"" + folder + "\": Is a directory");
  EXPECT_EQ(io_error_of([&] { write_atomic(at("no/x"), "x", "op"); }),
            "op: \"" + at("no/x") + "\": No such file or directory");
  EXPECT_EQ(io_error_of([&] { write_atomic("/dev/full", "x", "op"); }),
            "op: \"/dev/full\": got a device, pipe or socket, expected a regular file or a new name");
  EXPECT_EQ(io_error_of([&] { write_atomic("", "x", "op"); }), "op: \"\": No such file or directory");
}

TEST_F(Files, LinksAndPermissionsSurvive) {
  write_atomic(at("real"), "old");
  ASSERT_EQ(::chmod(at("real").c_str(), 0640), 0);
  ASSERT_EQ(::symlink("real", at("link").c_str()), 0);
  write_atomic(at("link"), "new");
  struct stat status;
  ASSERT_EQ(::lstat(at("link").c_str(), &status), 0);
  EXPECT_TRUE(S_ISLNK(status.st_mode));
  EXPECT_EQ(read_file(at("real")), "new");
  ASSERT_EQ(::stat(at("real").c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0640u);
}

// A full disk, as a limit on the size of files. In a child: the limit binds the whole process.
TEST_F(Files, FullDiskLeavesTheOldFileAndNothingElse) {
  write_atomic(at("x"), "old");
  for (const size_t bytes : {size_t{5000}, size_t{1} << 20}) {  // fails in commit (buffered) and in write
    const pid_t child = ::fork();
    if (child == 0) {
      ::signal(SIGXFSZ, SIG_IGN);
      const rlimit limit{4096, 4096};
      ::setrlimit(RLIMIT_FSIZE, &limit);
      const std::string message = io_error_of([&] { write_atomic(at("x"), std::string(bytes, 'n'), "kaun.save"); });
      ::_exit(message == "kaun.save: \"" + at("x") + "\": File too large" ? 0 : 1);
    }
    int status = -1;
    ::waitpid(child, &status, 0);
    EXPECT_EQ(status, 0);
    EXPECT_EQ(read_file(at("x")), "old");
    EXPECT_EQ(listing(), std::vector<std::string>{"x"});
  }
}

TEST_F(Files, CacheDirectory) {
  ::setenv("XDG_CACHE_HOME", at("deep/cache").c_str(), 1);
  const std::string path = cache_dir("tolk");
  EXPECT_EQ(path, at("deep/cache/raven/tolk"));
  struct stat status;
  ASSERT_EQ(::stat(path.c_str(), &status), 0);
  EXPECT_TRUE(S_ISDIR(status.st_mode));
  EXPECT_EQ(status.st_mode & 0777, 0700u);
  EXPECT_EQ(cache_dir("tolk"), path);

  ::setenv("XDG_CACHE_HOME", "relative", 1);  // ignored
  ::setenv("HOME", folder.c_str(), 1);
  EXPECT_EQ(cache_dir("nx"), at(".cache/raven/nx"));

  write_atomic(at("file"), "");
  ::setenv("XDG_CACHE_HOME", at("file").c_str(), 1);
  EXPECT_EQ(io_error_of([] { cache_dir("nx"); }), "raven.cache_dir: \"" + at("file/raven") + "\": Not a directory");
  for (const char* bad : {"", ".", "..", "a/b"}) EXPECT_THROW(cache_dir(bad), Error) << bad;
  ::unsetenv("XDG_CACHE_HOME");
}

}  // namespace
}  // namespace raven
