// raven-sample: one static file of at most 6 MB that writes with the demo's checkpoint.
#include <elf.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <cstdio>
#include <cstring>

#include "kaun/hashed_gpt.hpp"
#include "kaun/support.hpp"
#include "raven/base/file.hpp"

namespace kaun::test {
namespace {

using Sampler = TemporaryFolder;

std::string output_of(const std::string& command, int expected_status) {
  FILE* pipe = popen(command.c_str(), "r");
  std::string text;
  char buffer[4096];
  for (size_t n; (n = fread(buffer, 1, sizeof buffer, pipe)) > 0;) text.append(buffer, n);
  const int status = pclose(pipe);
  EXPECT_EQ(WIFEXITED(status) ? WEXITSTATUS(status) : -1, expected_status) << command;
  return text;
}

TEST(SamplerFile, NeedsNoOtherAndHoldsNoSymbols) {
  const std::string file = raven::read_file(RAVEN_SAMPLE);
  std::printf("raven-sample: %zu bytes\n", file.size());
  EXPECT_LE(file.size(), 6u << 20);
  Elf64_Ehdr header;
  ASSERT_GE(file.size(), sizeof header);
  std::memcpy(&header, file.data(), sizeof header);
  ASSERT_EQ(std::memcmp(header.e_ident, ELFMAG, SELFMAG), 0);
  for (int i = 0; i < header.e_phnum; ++i) {
    Elf64_Phdr segment;
    std::memcpy(&segment, file.data() + header.e_phoff + static_cast<size_t>(i) * sizeof segment, sizeof segment);
    EXPECT_NE(segment.p_type, static_cast<Elf64_Word>(PT_INTERP)) << "a loader is asked for";
    EXPECT_NE(segment.p_type, static_cast<Elf64_Word>(PT_DYNAMIC)) << "shared libraries are asked for";
  }
  for (int i = 0; i < header.e_shnum; ++i) {
    Elf64_Shdr section;
    std::memcpy(&section, file.data() + header.e_shoff + static_cast<size_t>(i) * sizeof section, sizeof section);
    EXPECT_NE(section.sh_type, static_cast<Elf64_Word>(SHT_SYMTAB)) << "not stripped";
  }
}

TEST_F(Sampler, WritesWhatTheLibraryWrites) {
  const data::CharVocabulary vocabulary("\n !'(),-.:;?ABCDEFGHIJKLMNOPQRSTUVWYZabcdefghijklmnopqrstuvwxyz");
  const models::Gpt model = hashed_gpt(demo_config());
  demo::save_model(at("gpt.safetensors"), model, vocabulary);
  const std::string expected =
      demo::write_text(model, vocabulary, {.max_new_tokens = 60, .temperature = 0.7, .seed = 5}) + "\n";
  EXPECT_EQ(expected.size(), 61u);
  // Alone: no environment, an empty folder.
  EXPECT_EQ(output_of("cd '" + folder + "' && env -i " RAVEN_SAMPLE " gpt.safetensors 60 0.7 5", 0), expected);
  EXPECT_EQ(
      output_of("env -i RAVEN_CPU=v3 RAVEN_NUM_THREADS=1 " RAVEN_SAMPLE " '" + at("gpt.safetensors") + "' 60 0.7 5", 0),
      expected);
}

TEST_F(Sampler, WrongInputIsExplained) {
  EXPECT_EQ(output_of(RAVEN_SAMPLE " 2>&1", 2), "usage: raven-sample PATH [characters] [temperature] [seed]\n");
  EXPECT_NE(output_of(RAVEN_SAMPLE " '" + at("absent") + "' 2>&1", 1).find("No such file or directory"),
            std::string::npos);
  EXPECT_EQ(output_of(RAVEN_SAMPLE " a 1 2 3 4 2>&1", 2), output_of(RAVEN_SAMPLE " 2>&1", 2));
  raven::write_atomic(at("foreign"), "In the beginning");
  EXPECT_NE(output_of(RAVEN_SAMPLE " '" + at("foreign") + "' 2>&1", 1).find("raven-sample: "), std::string::npos);
  const data::CharVocabulary vocabulary("\n !'(),-.:;?ABCDEFGHIJKLMNOPQRSTUVWYZabcdefghijklmnopqrstuvwxyz");
  demo::save_model(at("gpt"), hashed_gpt(demo_config()), vocabulary);
  const std::string sample = "'" RAVEN_SAMPLE "' '" + at("gpt") + "' ";
  for (const auto& [words, message] :
       {std::pair{"12x", "characters: got '12x'"}, {"5 warm", "temperature: got 'warm'"}, {"5 1 -1", "seed: got '-1'"}})
    EXPECT_NE(output_of(sample + words + " 2>&1", 1).find(message), std::string::npos) << words;
}

}  // namespace
}  // namespace kaun::test
