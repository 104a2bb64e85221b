// vmath_emit c|ir FILE: prints every function of vmath as C or as LLVM IR, in f32 and f64.
#include <cstdio>
#include <string>
#include <utility>

#include "raven/vmath/vmath.hpp"
#include "vmath/text_domain.hpp"

namespace vmath_test {
namespace {

template <class D, Type t, class Function>
void write_function(std::FILE* file, bool ir, const std::string& name, int arguments, Function function) {
  Text text;
  D d(text);
  const Value<D, t> x{&text, text.values++}, y{&text, text.values++};
  const int result = function(d, x, y).id;
  if (ir) {
    const std::string ty = IrText::type_name(t), el = IrText::element(t), align = t == Type::f32 ? "4" : "8";
    std::fprintf(
        file,
        "%sdefine void @ir_%s(ptr %%first, ptr %%second, ptr %%out, i64 %%n) #0 {\nstart:\n  br label %%loop\nloop:\n",
        text.globals.c_str(), name.c_str());
    std::fprintf(file, "  %%i = phi i64 [0, %%start], [%%next, %%%s]\n", text.block.c_str());
    std::fprintf(file, "  %%p0 = getelementptr %s, ptr %%first, i64 %%i\n  %%v0 = load %s, ptr %%p0, align %s\n",
                 el.c_str(), ty.c_str(), align.c_str());
    if (arguments == 2) {
      std::fprintf(file, "  %%p1 = getelementptr %s, ptr %%second, i64 %%i\n  %%v1 = load %s, ptr %%p1, align %s\n",
                   el.c_str(), ty.c_str(), align.c_str());
    }
    std::fprintf(file,
                 "  br label %%entry\nentry:\n%s  %%po = getelementptr %s, ptr %%out, i64 %%i\n  store %s %%%s, ptr "
                 "%%po, align %s\n",
                 text.body.c_str(), el.c_str(), ty.c_str(), text.name(result).c_str(), align.c_str());
    std::fprintf(file,
                 "  %%next = add i64 %%i, 8\n  %%more = icmp ult i64 %%next, %%n\n  br i1 %%more, label %%loop, label "
                 "%%done\ndone:\n  ret void\n}\n");
  } else {
    const char* ty = CText::type_name(t);
    std::fprintf(file,
                 "extern \"C\" void c_%s(const %s* first, const %s* second, %s* out, int64_t n) {\n  for (int64_t i = "
                 "0; i < n; ++i) {\n  %s v0 = first[i];\n",
                 name.c_str(), ty, ty, ty, ty);
    if (arguments == 2) std::fprintf(file, "  %s v1 = second[i];\n", ty);
    std::fprintf(file, "%s  out[i] = %s;\n  }\n}\n", text.body.c_str(), text.name(result).c_str());
  }
}

template <class D>
void write_all(std::FILE* file, bool ir) {
#define VMATH_EMIT_1(name) [](D& d, auto x, auto) { return vmath::name(d, x); }
#define VMATH_EMIT_2(name) [](D& d, auto x, auto y) { return vmath::name(d, x, y); }
#define VMATH_FUNCTION(name, arguments, single, wide, absolute)                                  \
  write_function<D, Type::f32>(file, ir, #name "_f32", arguments, VMATH_EMIT_##arguments(name)); \
  write_function<D, Type::f64>(file, ir, #name "_f64", arguments, VMATH_EMIT_##arguments(name));
#include "vmath/functions.def"
#undef VMATH_FUNCTION
}

}  // namespace
}  // namespace vmath_test

int main(int argc, char** argv) {
  if (argc != 3) return 2;
  const bool ir = std::string(argv[1]) == "ir";
  std::FILE* file = std::fopen(argv[2], "w");
  if (file == nullptr) return 1;
  if (ir) {
    vmath_test::write_all<vmath_test::IrText>(file, true);
    std::fputs("declare i1 @llvm.vector.reduce.or.v8i1(<8 x i1>)\n", file);
    for (const char* t : {"f32", "f64"}) {
      const char* v = t[1] == '3' ? "<8 x float>" : "<8 x double>";
      std::fprintf(file, "declare %s @llvm.fma.v8%s(%s, %s, %s)\ndeclare %s @llvm.copysign.v8%s(%s, %s)\n", v, t, v, v,
                   v, v, t, v, v);
      std::fprintf(file, "declare %s @llvm.sqrt.v8%s(%s)\ndeclare %s @llvm.fabs.v8%s(%s)\n", v, t, v, v, t, v);
    }
    std::fputs("attributes #0 = { nounwind \"target-cpu\"=\"x86-64-v3\" }\n", file);
  } else {
    std::fputs(
        "#include <math.h>\n#include <stdint.h>\n#include <string.h>\n"
        "static inline double as_double(uint64_t b) { double d; memcpy(&d, &b, 8); return d; }\n"
        "static inline int32_t bits_float(float f) { int32_t i; memcpy(&i, &f, 4); return i; }\n"
        "static inline int64_t bits_double(double f) { int64_t i; memcpy(&i, &f, 8); return i; }\n"
        "static inline float bits_int32_t(int32_t i) { float f; memcpy(&f, &i, 4); return f; }\n"
        "static inline double bits_int64_t(int64_t i) { double f; memcpy(&f, &i, 8); return f; }\n",
        file);
    vmath_test::write_all<vmath_test::CText>(file, false);
  }
  return std::fclose(file) == 0 ? 0 : 1;
}
