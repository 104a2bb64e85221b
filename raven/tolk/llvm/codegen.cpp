#include "raven/tolk/llvm/internal/codegen.hpp"

#include <llvm/ADT/SmallString.h>
#include <llvm/IR/LegacyPassManager.h>
#include <llvm/IR/Verifier.h>
#include <llvm/MC/TargetRegistry.h>
#include <llvm/Support/TargetSelect.h>
#include <llvm/Support/raw_ostream.h>
#include <llvm/Target/TargetMachine.h>

#include <memory>
#include <mutex>

#include "raven/tolk/llvm/internal/emitter.hpp"

namespace tolk::backend {
namespace {

constexpr const char* triple = "x86_64-unknown-linux-gnu";

/// A machine serves one thread at a time; making one takes a fraction of a millisecond, compiling a kernel several.
std::unique_ptr<llvm::TargetMachine> make_machine(Level level, std::string& error) {
  static std::once_flag once;
  std::call_once(once, [] {
    LLVMInitializeX86TargetInfo();
    LLVMInitializeX86Target();
    LLVMInitializeX86TargetMC();
    LLVMInitializeX86AsmPrinter();
  });
  const llvm::Target* target = llvm::TargetRegistry::lookupTarget(triple, error);
  if (target == nullptr) return nullptr;
  static constexpr const char* cpu[] = {"x86-64", "x86-64-v3", "x86-64-v4"};
  llvm::TargetOptions options;
  options.AllowFPOpFusion = llvm::FPOpFusion::Strict;  // nothing is contracted that nobody wrote
  return std::unique_ptr<llvm::TargetMachine>(
      target->createTargetMachine(triple, cpu[static_cast<int>(level)], "", options, llvm::Reloc::PIC_,
                                  llvm::CodeModel::Small, llvm::CodeGenOptLevel::Default));
}

}  // namespace

Object generate(const loop::Kernel& kernel, Level level) {
  Object object;
  const auto machine = make_machine(level, object.error);
  if (machine == nullptr) return object;
  llvm::LLVMContext context;
  context.setDiscardValueNames(true);
  llvm::Module module(entry_name, context);
  module.setTargetTriple(triple);
  module.setDataLayout(machine->createDataLayout());
  Ir builder(module, level);
  emit(builder, kernel);
  llvm::raw_string_ostream fault(object.error);
  if (llvm::verifyModule(module, &fault)) return object;
  llvm::SmallString<0> bytes;
  llvm::raw_svector_ostream stream(bytes);
  llvm::legacy::PassManager passes;
  if (machine->addPassesToEmitFile(passes, stream, nullptr, llvm::CodeGenFileType::ObjectFile, true)) {
    object.error = "the target writes no object files";
    return object;
  }
  passes.run(module);
  object.bytes.assign(bytes.begin(), bytes.end());
  return object;
}

}  // namespace tolk::backend
