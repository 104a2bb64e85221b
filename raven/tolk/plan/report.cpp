// Plans as text, and every level as files.
#include <filesystem>

#include "raven/base/error.hpp"
#include "raven/base/file.hpp"
#include "raven/base/message.hpp"
#include "raven/nx/internal/hash.hpp"
#include "raven/tolk/internal/plan_impl.hpp"

namespace tolk {

namespace {

void print_place(raven::Message& m, const Place& place) {
  switch (place.space) {
    case Space::arena: m << "arena"; break;
    case Space::input: m << "input" << place.index; break;
    case Space::constant: m << "constant" << place.index; break;
    case Space::result: m << "result" << place.index; break;
    case Space::status: m << "status"; return;
  }
  if (place.offset != 0 || place.space == Space::arena) m << "+" << place.offset;
}
void print_view(raven::Message& m, const PlanView& v, bool with_type) {
  if (v.place.space == Space::status) {
    m << "status";
    return;
  }
  m << "%" << v.value;
  if (with_type) m << ":" << v.aval;
  m << "@";
  print_place(m, v.place);
  if (!v.contiguous) m << " strides " << v.strides;
}

void print_views(raven::Message& m, std::span<const PlanView> views, bool results) {
  bool first = true;
  for (const PlanView& v : views) {
    if (results ? !v.writes() : v.writes()) continue;
    if (!first) m << ", ";
    first = false;
    print_view(m, v, results);
  }
}

void print_call(raven::Message& m, const Plan::Impl& p, const Step& s) {
  print_views(m, p.views_of(s), true);
  m << " = " << nx::op_info(s.op).name << nx::attrs_print(s.op, s.attrs.get()) << "(";
  print_views(m, p.views_of(s), false);
  m << ")";
  constexpr const char* forms[] = {"", " flat", " rows", " in one piece", " in one piece", ""};
  m << (s.in_place > 0 ? " in place" : "") << forms[static_cast<int>(s.kind)];
  if (s.scratch_bytes > 0) m << " scratch arena+" << p.pieces[s.scratch].offset << " " << s.scratch_bytes;
  m << "\n";
}

void print_launch(raven::Message& m, const Plan::Impl& p, const Step& s) {
  const Batch& batch = p.batches[s.batch];
  const PlanKernel& kernel = p.kernels[batch.kernel];
  m << "launch kernel" << batch.kernel << " " << kernel.kernel.name;
  if (batch.segments.size() > 1) m << " for " << batch.segments.size();
  if (!batch.chunks.empty())
    m << " in " << batch.chunks.size() - 1 << (batch.chunks.size() == 2 ? " chunk" : " chunks");
  if (s.in_place > 0) m << ", " << s.in_place << " in place";
  if (kernel.scratch_bytes > 0) m << ", scratch " << kernel.scratch_bytes;
  m << "\n";
  for (const Segment& g : batch.segments) {
    const std::span<const PlanView> views(p.views.data() + g.first_view, kernel.parameters);
    m << "       ";
    print_views(m, views, true);
    m << " = " << g.tasks << " tasks(";
    print_views(m, views, false);
    m << ")\n";
  }
}

}  // namespace

std::string Plan::print() const {
  const Impl& p = *impl_;
  raven::Message m("plan: ");
  m << p.stats.steps << " steps (" << p.stats.launches << " launches of " << p.stats.kernels << " kernels, "
    << p.stats.externs << " calls), arena " << p.stats.arena_bytes << " bytes (at least " << p.stats.live_bytes << "), "
    << p.stats.in_place << " in place, " << p.stats.donated << " donated"
    << (p.check_launches ? ", launches compared with the interpreter\n" : "\n");
  for (size_t k = 0; k < p.steps.size(); ++k) {
    m << "  " << k << ": ";
    if (p.steps[k].kind == Step::Kind::launch)
      print_launch(m, p, p.steps[k]);
    else
      print_call(m, p, p.steps[k]);
  }
  for (const Output& out : p.outputs) {
    m << "  return ";
    print_view(m, out.view, true);
    const Place& at = out.view.place;
    if (at.space == Space::result && p.results[at.index].donor >= 0)
      m << " (input" << p.results[at.index].donor << " donated)";
    m << "\n";
  }
  return m.str();
}

std::string Plan::explain() const {
  raven::Message m;
  for (const std::string& reason : impl_->reasons) m << "  " << reason << "\n";
  return m.str() + print();
}

void Plan::dump(const std::string& directory, const nx::Program& given) const {
  // Programs and options are told apart by their content, so that a run writes the same names again.
  uint64_t hash = nx::detail::mix(given.hash().low, static_cast<uint64_t>(impl_->options.level));
  for (const bool donated : impl_->options.donated) hash = nx::detail::mix(hash, donated);
  constexpr const char* digits = "0123456789abcdef";
  std::string stem = "program-";
  for (int i = 15; i >= 0; --i) stem += digits[hash >> (4 * i) & 15];
  const std::filesystem::path base = std::filesystem::path(directory) / stem;
  std::error_code fault;
  std::filesystem::create_directories(base, fault);
  if (fault) throw raven::IoError("tolk.Plan.dump", base.string(), fault.message());
  const auto write = [&](const std::string& name, const std::string& text) {
    raven::write_atomic((base / name).string(), text);
  };
  write("1-program.txt", given.print());
  write("2-scheduled.txt", impl_->program.print());
  for (size_t i = 0; i < impl_->kernels.size(); ++i) {
    const std::string name = "3-kernel" + std::to_string(i);
    write(name + ".txt", loop::print(impl_->kernels[i].kernel));
    // For objdump -D -b binary -m i386:x86-64.
    if (const Code& code = *impl_->kernels[i].code; code.entry())
      write(name + ".bin", std::string(reinterpret_cast<const char*>(code.entry()), code.size()));
  }
  write("4-plan.txt", explain());
}

}  // namespace tolk
