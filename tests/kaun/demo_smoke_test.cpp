// The demo as a person runs it: training, what it leaves behind, sampling, Ctrl-C, files that cannot be used, a full
// disk.
#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <regex>
#include <sstream>

#include "kaun/support.hpp"
#include "raven/base/file.hpp"

namespace kaun::test {
namespace {

/// Ten thousand characters of a small language.
std::string small_text() {
  const char* words[] = {"and", "the", "LORD", "said", "unto", "Moses,", "go", "forth;", "behold", "waters."};
  std::string text;
  for (unsigned state = 1; text.size() < 10000;) {
    state = state * 1664525u + 1013904223u;
    text += words[(state >> 16) % 10];
    text += (state >> 28) == 0 ? '\n' : ' ';
  }
  return text;
}

struct Result {
  int status;
  std::string output, errors;
};

class Demo : public TemporaryFolder {
 protected:
  void SetUp() override {
    TemporaryFolder::SetUp();
    raven::write_atomic(at("small.txt"), small_text());
  }
  /// Runs the demo in the folder; `before` are shell commands, e.g. limits.
  Result run(const std::string& arguments, const std::string& before = "") {
    const std::string command = "bash -c \"cd '" + folder + "'; " + before + " exec " RAVEN_DEMO " " + arguments +
                                "\" > '" + at("stdout") + "' 2> '" + at("stderr") + "'";
    const int status = std::system(command.c_str());
    return {WIFEXITED(status) ? WEXITSTATUS(status) : -1, raven::read_file(at("stdout")),
            raven::read_file(at("stderr"))};
  }
  std::vector<std::string> lines_of(const std::string& name) {
    std::istringstream stream(raven::read_file(at(name)));
    std::vector<std::string> lines;
    for (std::string line; std::getline(stream, line);) lines.push_back(line);
    return lines;
  }
  bool exists(const std::string& name) const { return ::access(at(name).c_str(), F_OK) == 0; }
};

TEST_F(Demo, TrainsSavesAndSamples) {
  const Result trained = run("--steps 3 --data small.txt");
  ASSERT_EQ(trained.status, 0) << trained.errors;
  // 400 characters, then the closing line.
  ASSERT_GT(trained.output.size(), 401u);
  EXPECT_EQ(trained.output[400], '\n');
  EXPECT_TRUE(std::regex_match(
      trained.output.substr(401),
      std::regex(R"(demo gpt: steps=3 train_loss=\d\.\d{4} val_loss=\d\.\d{4} tokens_per_s=\d+ seconds=\d+\.\d )"
                 R"(checkpoint=out/gpt\.safetensors mode=jit compile_s=\d+\.\d{3} kernels=\d+ externs=\d+\n)")))
      << trained.output.substr(401);
  EXPECT_NE(trained.errors.find("train 3/3"), std::string::npos) << trained.errors;
  EXPECT_NE(trained.errors.find("tokens/s"), std::string::npos) << trained.errors;

  const std::vector<std::string> log = lines_of("out/losses.csv");
  ASSERT_EQ(log.size(), 5u);
  EXPECT_EQ(log[0], "step,train_loss,val_loss");
  for (int step = 0; step < 3; ++step)
    EXPECT_TRUE(
        std::regex_match(log[static_cast<size_t>(step) + 1], std::regex(std::to_string(step) + R"(,\d\.\d{6},)")))
        << log[static_cast<size_t>(step) + 1];
  EXPECT_TRUE(std::regex_match(log[4], std::regex(R"(3,,\d\.\d{6})"))) << log[4];

  const Result brief = run("--steps 1 --data small.txt --out brief --tokens 7 --temperature 0");
  ASSERT_GT(brief.output.size(), 18u) << brief.errors;
  EXPECT_EQ(brief.output.substr(7, 10), "\ndemo gpt:") << brief.output;

  const Result sampled = run("--sample out/gpt.safetensors --tokens 50 --seed 3");
  EXPECT_EQ(sampled.status, 0) << sampled.errors;
  EXPECT_EQ(sampled.output.size(), 51u);
  EXPECT_EQ(run("--sample out/gpt.safetensors --tokens 50 --seed 3").output, sampled.output);
  EXPECT_NE(run("--sample out/gpt.safetensors --tokens 50 --seed 4").output, sampled.output);
  EXPECT_EQ(run("--sample out/gpt.safetensors --tokens 50 --seed 3 --temperature 9 --top-k 1").output,
            run("--sample out/gpt.safetensors --tokens 50 --seed 4 --temperature 0").output);

  const Result lost = run("--sample out/gpt.safetensors --tokens 50", "exec > /dev/full;");
  EXPECT_EQ(lost.status, 1);
  EXPECT_NE(lost.errors.find("\"stdout\": No space left on device"), std::string::npos) << lost.errors;

  // Again with the same seed: the same losses and weights, byte for byte; another seed gives others.
  const std::string losses = raven::read_file(at("out/losses.csv")),
                    weights = raven::read_file(at("out/gpt.safetensors"));
  ASSERT_EQ(run("--steps 3 --data small.txt --out again").status, 0);
  EXPECT_EQ(raven::read_file(at("again/losses.csv")), losses);
  EXPECT_EQ(raven::read_file(at("again/gpt.safetensors")), weights);
  // Op by op instead of compiled, also on one thread and with another CPU level: the same bytes.
  for (const char* before : {"", "export RAVEN_NUM_THREADS=1;", "export RAVEN_CPU=v3;"}) {
    const Result eager = run("--steps 3 --data small.txt --out eager --eager", before);
    ASSERT_EQ(eager.status, 0) << eager.errors;
    EXPECT_NE(eager.output.find("mode=eager"), std::string::npos) << eager.output;
    EXPECT_EQ(raven::read_file(at("eager/losses.csv")), losses);
    EXPECT_EQ(raven::read_file(at("eager/gpt.safetensors")), weights);
  }
  ASSERT_EQ(run("--steps 3 --data small.txt --out other --seed 2").status, 0);
  EXPECT_NE(raven::read_file(at("other/losses.csv")), losses);

  // A disk that is full while saving leaves what was there.
  const Result full = run("--steps 1 --data small.txt", "trap '' XFSZ; ulimit -f 1000;");
  EXPECT_EQ(full.status, 1);
  EXPECT_NE(full.errors.find("raven-demo: "), std::string::npos) << full.errors;
  EXPECT_NE(full.errors.find("\"out/gpt.safetensors\": File too large"), std::string::npos) << full.errors;
  EXPECT_EQ(raven::read_file(at("out/losses.csv")), losses);
  EXPECT_EQ(raven::read_file(at("out/gpt.safetensors")), weights);
  EXPECT_EQ(std::system(("[ $(ls -A '" + at("out") + "' | wc -l) = 2 ]").c_str()), 0) << "nothing half-written";
}

TEST_F(Demo, CtrlCSavesAtTheNextStep) {
  const pid_t child = ::fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    if (::chdir(folder.c_str()) != 0) ::_exit(90);
    const int output = ::open("stdout", O_CREAT | O_WRONLY | O_TRUNC, 0600),
              errors = ::open("stderr", O_CREAT | O_WRONLY | O_TRUNC, 0600);
    ::dup2(output, 1);
    ::dup2(errors, 2);
    ::execl(RAVEN_DEMO, RAVEN_DEMO, "--steps", "1000000", "--data", "small.txt", "--out", "it's out",
            static_cast<char*>(nullptr));
    ::_exit(91);
  }
  for (int i = 0;
       i < 3000 && (!exists("stderr") || raven::read_file(at("stderr")).find("parameters") == std::string::npos); ++i)
    ::usleep(20'000);
  ::usleep(1'000'000);  // a few steps
  ASSERT_EQ(::kill(child, SIGINT), 0);
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  ASSERT_TRUE(WIFEXITED(status)) << status << raven::read_file(at("stderr"));
  EXPECT_EQ(WEXITSTATUS(status), 130);

  std::smatch match;
  const std::string output = raven::read_file(at("stdout"));
  ASSERT_TRUE(std::regex_match(output, match,
                               std::regex("interrupted after (\\d+) steps; the model is saved. Sample from it:\n  "
                                          "./dev demo (--sample 'it'\\\\''s out/gpt.safetensors')\n")))
      << output;
  const std::vector<std::string> log = lines_of("it's out/losses.csv");
  EXPECT_EQ(log.size(), std::stoul(match[1]) + 1) << "one line a step, and the header";
  // The printed words, as a shell reads them.
  raven::write_atomic(at("words"), "exec " RAVEN_DEMO " --tokens 20 " + match[2].str() + "\n");
  const Result sampled = run("--help", "[ -e words ] && exec bash words;");
  EXPECT_EQ(sampled.status, 0) << sampled.errors;
  EXPECT_EQ(sampled.output.size(), 21u);
}

TEST_F(Demo, UnusableInputIsExplained) {
  raven::write_atomic(at("empty.txt"), "");
  raven::write_atomic(at("short.txt"), std::string(100, 'a'));
  raven::write_atomic(at("foreign.safetensors"), "PK\x03\x04 this is another kind of file");
  struct Row {
    const char *arguments, *message;
  };
  for (const Row& row :
       {Row{"--data absent.txt", "\"absent.txt\": No such file or directory"},
        {"--data empty.txt", "empty.txt is empty"},
        {"--data short.txt", "the text has 100 characters, training and validation in windows of 64 need at least 651"},
        {"--data .", "Is a directory"},
        {"--data small.txt --out no/such/folder --steps 1", "\"no/such/folder\": No such file or directory"},
        {"--sample absent.safetensors", "\"absent.safetensors\": No such file or directory"},
        {"--sample foreign.safetensors", "foreign.safetensors"},
        {"--sample small.txt", "small.txt"},
        {"--sample small.txt --steps 3", "option '--steps' is of training; --sample trains nothing"},
        {"--sample ''", "option '--sample' has an empty value"},
        {"--data small.txt --steps 1 --out small.txt", "\"small.txt\": Not a directory"},
        {"--stps 3", "unknown option '--stps'; see --help"},
        {"--steps", "option '--steps' needs a value; see --help"},
        {"--steps 0", "--steps: got '0', expected a number in [1, 100000000]"},
        {"--steps 3x", "--steps: got '3x'"},
        {"--temperature nan", "--temperature: got 'nan'"},
        {"--seed -1", "--seed: got '-1'"}}) {
    const Result result = run(row.arguments);
    EXPECT_EQ(result.status, 1) << row.arguments;
    EXPECT_EQ(result.output, "") << row.arguments;
    EXPECT_NE(result.errors.find("raven-demo: "), std::string::npos) << row.arguments << ": " << result.errors;
    EXPECT_NE(result.errors.find(row.message), std::string::npos) << row.arguments << ": " << result.errors;
  }
  EXPECT_FALSE(exists("out")) << "nothing was begun";
  const Result help = run("--help");
  EXPECT_EQ(help.status, 0);
  EXPECT_NE(help.output.find("--data FILE"), std::string::npos);
}

}  // namespace
}  // namespace kaun::test
