#include "raven/tolk/llvm/internal/link.hpp"

#include <elf.h>

#include <algorithm>
#include <cstdint>
#include <cstring>

namespace tolk::backend {
namespace {

constexpr uint64_t unplaced = ~uint64_t{0};

class Linker {
 public:
  Linker(std::string_view object, std::string_view function) : object_(object), function_(function) {}

  Image link() {
    if (read_headers() && place() && relocate()) find_entry();
    return std::move(image_);
  }

 private:
  bool fail(std::string text) {
    image_.error = "link: " + std::move(text);
    image_.bytes.clear();
    return false;
  }

  /// `count` objects of the file at `offset`; empty when they do not lie inside it.
  template <class T>
  std::vector<T> read(uint64_t offset, uint64_t count) const {
    if (offset > object_.size() || count > (object_.size() - offset) / sizeof(T)) return {};
    std::vector<T> all(count);
    if (count != 0) std::memcpy(all.data(), object_.data() + offset, count * sizeof(T));
    return all;
  }
  std::string_view text_at(const Elf64_Shdr& table, uint64_t offset) const {
    if (table.sh_offset > object_.size() || table.sh_size > object_.size() - table.sh_offset || offset >= table.sh_size)
      return "?";
    const std::string_view rest = object_.substr(table.sh_offset + offset, table.sh_size - offset);
    return rest.substr(0, rest.find('\0'));
  }

  bool read_headers() {
    const auto header = read<Elf64_Ehdr>(0, 1);
    if (header.empty() || std::memcmp(header[0].e_ident, ELFMAG, SELFMAG) != 0 || header[0].e_type != ET_REL ||
        header[0].e_machine != EM_X86_64 || header[0].e_shentsize != sizeof(Elf64_Shdr))
      return fail("no x86-64 object file");
    sections_ = read<Elf64_Shdr>(header[0].e_shoff, header[0].e_shnum);
    if (header[0].e_shstrndx >= sections_.size()) return fail("no section names");
    names_ = sections_[header[0].e_shstrndx];
    for (const Elf64_Shdr& section : sections_) {
      if (section.sh_type != SHT_SYMTAB) continue;
      if (section.sh_link >= sections_.size()) return fail("symbols without names");
      symbols_ = read<Elf64_Sym>(section.sh_offset, section.sh_size / sizeof(Elf64_Sym));
      symbol_names_ = sections_[section.sh_link];
    }
    return !symbols_.empty() || fail("no symbols");
  }

  /// Code first: its pages are the ones that the entry is in.
  bool place() {
    offset_.assign(sections_.size(), unplaced);
    for (const bool code : {true, false}) {
      for (size_t i = 0; i < sections_.size(); ++i) {
        const Elf64_Shdr& section = sections_[i];
        const bool loaded = (section.sh_flags & SHF_ALLOC) != 0 && section.sh_size != 0;
        const bool is_code = (section.sh_flags & SHF_EXECINSTR) != 0;
        const std::string name(text_at(names_, section.sh_name));
        if (!loaded || is_code != code || name == ".eh_frame") continue;
        if ((section.sh_flags & (SHF_WRITE | SHF_TLS)) != 0 || section.sh_type == SHT_NOBITS)
          return fail("writable data in " + name);
        const uint64_t alignment = std::max<uint64_t>(section.sh_addralign, 1);
        if (alignment > image_alignment || (alignment & (alignment - 1)) != 0) return fail("alignment of " + name);
        const auto bytes = read<unsigned char>(section.sh_offset, section.sh_size);
        if (bytes.empty()) return fail("truncated " + name);
        image_.bytes.resize((image_.bytes.size() + alignment - 1) / alignment * alignment);
        offset_[i] = image_.bytes.size();
        image_.bytes.insert(image_.bytes.end(), bytes.begin(), bytes.end());
      }
    }
    return true;
  }

  bool address_of(const Elf64_Sym& symbol, uint64_t& address) {
    if (symbol.st_shndx >= sections_.size() || offset_[symbol.st_shndx] == unplaced || symbol.st_shndx == SHN_UNDEF)
      return fail("needs the symbol " + std::string(text_at(symbol_names_, symbol.st_name)));
    address = offset_[symbol.st_shndx] + symbol.st_value;
    return true;
  }

  bool relocate() {
    for (const Elf64_Shdr& section : sections_) {
      if (section.sh_type != SHT_RELA || section.sh_info >= sections_.size()) continue;
      const uint64_t base = offset_[section.sh_info];
      if (base == unplaced) continue;
      for (const Elf64_Rela& entry : read<Elf64_Rela>(section.sh_offset, section.sh_size / sizeof(Elf64_Rela))) {
        const uint64_t type = ELF64_R_TYPE(entry.r_info), which = ELF64_R_SYM(entry.r_info);
        uint64_t target = 0;
        if (which >= symbols_.size()) return fail("relocation of no symbol");
        if (!address_of(symbols_[which], target)) return false;
        if (type != R_X86_64_PC32 && type != R_X86_64_PLT32)
          return fail("relocation " + std::to_string(type) + " of " +
                      std::string(text_at(symbol_names_, symbols_[which].st_name)));
        const uint64_t at = base + entry.r_offset;
        if (entry.r_offset > sections_[section.sh_info].sh_size || at + 4 > image_.bytes.size())
          return fail("relocation out of its section");
        const auto distance = static_cast<int64_t>(target) + entry.r_addend - static_cast<int64_t>(at);
        if (distance != static_cast<int32_t>(distance)) return fail("distance of more than 2 GiB");
        const auto value = static_cast<int32_t>(distance);
        std::memcpy(image_.bytes.data() + at, &value, sizeof value);
      }
    }
    return true;
  }

  void find_entry() {
    for (const Elf64_Sym& symbol : symbols_) {
      if (ELF64_ST_TYPE(symbol.st_info) != STT_FUNC || text_at(symbol_names_, symbol.st_name) != function_) continue;
      uint64_t address = 0;
      if (!address_of(symbol, address)) return;
      image_.entry = address;
      return;
    }
    fail("no function " + std::string(function_));
  }

  const std::string_view object_, function_;
  Image image_;
  std::vector<Elf64_Shdr> sections_;
  std::vector<uint64_t> offset_;  ///< of each section in the image
  std::vector<Elf64_Sym> symbols_;
  Elf64_Shdr names_{}, symbol_names_{};
};

}  // namespace

Image link(std::string_view object, std::string_view function) { return Linker(object, function).link(); }

}  // namespace tolk::backend
