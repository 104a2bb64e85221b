#include "raven/tolk/code/internal/debugger.hpp"

#include <elf.h>

#include <cstdint>
#include <cstring>
#include <mutex>
#include <vector>

#include "raven/tolk/internal/settings.hpp"

// What GDB's manual, "JIT Compilation Interface", prescribes: these names and layouts. A debugger stops in the function
// and reads the list. Weak, because another library of the process may define them as well.
extern "C" {
struct jit_code_entry {
  jit_code_entry *next_entry, *prev_entry;
  const char* symfile_addr;
  uint64_t symfile_size;
};
struct jit_descriptor {
  uint32_t version, action_flag;  // action: 0 none, 1 registered, 2 about to go
  jit_code_entry *relevant_entry, *first_entry;
};
__attribute__((weak, visibility("default"))) jit_descriptor __jit_debug_descriptor = {1, 0, nullptr, nullptr};
__attribute__((weak, visibility("default"), noinline)) void __jit_debug_register_code() {
  asm volatile("" ::: "memory");
}
}

namespace tolk {
namespace {

/// An object file without code: one section that lies where the code is, and one symbol.
struct Object {
  enum Section : uint16_t { null, text, symbols, strings, count };
  Elf64_Ehdr header{};
  Elf64_Shdr sections[count]{};
  Elf64_Sym table[2]{};

  std::vector<char> bytes(const void* address, size_t size, const std::string& name) {
    std::string names("\0.text\0.symtab\0.strtab\0", 23);
    const auto symbol = static_cast<uint32_t>(names.size());
    names += "tolk." + name + '\0';

    std::memcpy(header.e_ident, ELFMAG, SELFMAG);
    header.e_ident[EI_CLASS] = ELFCLASS64, header.e_ident[EI_DATA] = ELFDATA2LSB,
    header.e_ident[EI_VERSION] = EV_CURRENT;
    header.e_type = ET_REL, header.e_machine = EM_X86_64, header.e_version = EV_CURRENT;
    header.e_ehsize = sizeof header, header.e_shentsize = sizeof(Elf64_Shdr), header.e_shnum = count;
    header.e_shoff = offsetof(Object, sections), header.e_shstrndx = strings;

    Elf64_Shdr& code = sections[text];
    code.sh_name = 1, code.sh_type = SHT_NOBITS, code.sh_flags = SHF_ALLOC | SHF_EXECINSTR;
    code.sh_addr = reinterpret_cast<uint64_t>(address), code.sh_size = size, code.sh_addralign = 64;
    Elf64_Shdr& all = sections[symbols];
    all.sh_name = 7, all.sh_type = SHT_SYMTAB, all.sh_offset = offsetof(Object, table), all.sh_size = sizeof table;
    all.sh_entsize = sizeof(Elf64_Sym), all.sh_link = strings, all.sh_info = 1, all.sh_addralign = 8;
    Elf64_Shdr& text_of_names = sections[strings];
    text_of_names.sh_name = 15, text_of_names.sh_type = SHT_STRTAB, text_of_names.sh_addralign = 1;
    text_of_names.sh_offset = sizeof(Object), text_of_names.sh_size = names.size();

    table[1].st_name = symbol, table[1].st_info = ELF64_ST_INFO(STB_GLOBAL, STT_FUNC), table[1].st_shndx = text;
    table[1].st_size = size;  // at 0 of its section

    std::vector<char> file(sizeof *this + names.size());
    std::memcpy(file.data(), this, sizeof *this);
    std::memcpy(file.data() + sizeof *this, names.data(), names.size());
    return file;
  }
};

constinit std::mutex mutex;

class Entry final : public DebuggerEntry {
 public:
  explicit Entry(std::vector<char> file) : file_(std::move(file)) {
    const std::lock_guard lock(mutex);
    entry_ = {__jit_debug_descriptor.first_entry, nullptr, file_.data(), file_.size()};
    if (entry_.next_entry) entry_.next_entry->prev_entry = &entry_;
    __jit_debug_descriptor.first_entry = &entry_;
    announce(1);
  }
  ~Entry() override {
    const std::lock_guard lock(mutex);
    (entry_.prev_entry ? entry_.prev_entry->next_entry : __jit_debug_descriptor.first_entry) = entry_.next_entry;
    if (entry_.next_entry) entry_.next_entry->prev_entry = entry_.prev_entry;
    announce(2);
  }

 private:
  void announce(uint32_t action) {
    __jit_debug_descriptor.relevant_entry = &entry_;
    __jit_debug_descriptor.action_flag = action;
    __jit_debug_register_code();
  }
  std::vector<char> file_;
  jit_code_entry entry_{};
};

}  // namespace

std::unique_ptr<DebuggerEntry> tell_debugger(const void* address, size_t size, const std::string& name) {
  if (!flag_from_environment("TOLK_GDB", false)) return nullptr;
  return std::make_unique<Entry>(Object().bytes(address, size, name));
}

}  // namespace tolk
