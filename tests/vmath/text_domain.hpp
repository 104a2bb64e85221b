#pragma once
// Two builder domains that print the functions of vmath: LLVM IR over vectors, and C over scalars.
//
// A value is the number of an instruction; `Text` holds what has been printed. Both prove what tolk relies on: one
// source, the same bits.
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <string>
#include <type_traits>

namespace vmath_test {

struct Text {
  std::string body, globals;
  std::string block = "entry";  // of LLVM IR
  int values = 0, blocks = 0;

  std::string name(int id) const { return "v" + std::to_string(id); }
};

enum class Type { f32, f64, i32, i64, mask };

/// A value of type `type` in the program that `text` holds.
template <class D, Type type>
struct Value {
  Text* text = nullptr;
  int id = -1;
};

inline std::string hex_of(double c) {
  uint64_t bits;
  std::memcpy(&bits, &c, 8);
  char buffer[32];
  std::snprintf(buffer, sizeof buffer, "0x%016llX", static_cast<unsigned long long>(bits));
  return buffer;
}

/// What both domains share: the operations by name, printed by `D::emit(type, operation, operands…)`.
template <class D>
struct TextDomain {
  template <Type t>
  using V = Value<D, t>;
  using F32 = V<Type::f32>;
  using F64 = V<Type::f64>;
  using I32 = V<Type::i32>;
  using I64 = V<Type::i64>;
  using M32 = V<Type::mask>;
  using M64 = V<Type::mask>;
  Text& text;

  D& self() { return static_cast<D&>(*this); }
  template <Type result, Type... operand>
  V<result> make(const std::string& operation, V<operand>... v) {
    return {&text, D::emit(text, result, operation, {operand...}, {v.id...})};
  }

  F32 f32(float c) { return {&text, D::constant(text, Type::f32, c, 0)}; }
  F64 f64(double c) { return {&text, D::constant(text, Type::f64, c, 0)}; }
  I32 i32(int32_t c) { return {&text, D::constant(text, Type::i32, 0, c)}; }
  I64 i64(int64_t c) { return {&text, D::constant(text, Type::i64, 0, c)}; }
  template <Type t>
  V<t> fma(V<t> a, V<t> b, V<t> c) {
    return make<t>("fma", a, b, c);
  }
  template <Type t>
  V<t> sqrt(V<t> a) {
    return make<t>("sqrt", a);
  }
  template <Type t>
  V<t> abs(V<t> a) {
    return make<t>("abs", a);
  }
  template <Type t>
  V<t> copysign(V<t> a, V<t> b) {
    return make<t>("copysign", a, b);
  }
  template <Type t>
  V<t> min(V<t> a, V<t> b) {
    return select(a < b, a, b);
  }
  template <Type t>
  V<t> max(V<t> a, V<t> b) {
    return select(a > b, a, b);
  }
  template <Type t>
  V<t> select(M32 m, V<t> a, V<t> b) {
    return make<t>("select", m, a, b);
  }
  M64 widen(M32 m) { return m; }
  M32 narrow(M64 m) { return m; }
  I32 bits(F32 a) { return make<Type::i32>("bits", a); }
  I64 bits(F64 a) { return make<Type::i64>("bits", a); }
  F32 real(I32 a) { return make<Type::f32>("bits", a); }
  F64 real(I64 a) { return make<Type::f64>("bits", a); }
  template <Type t>
  V<t> integer(int64_t c) {
    return {&text, D::constant(text, t, 0, c)};
  }
  template <Type t>
  V<t> shl(V<t> a, int n) {
    return make<t>("shl", a, integer<t>(n));
  }
  template <Type t>
  V<t> shr(V<t> a, int n) {
    return make<t>("shr", a, integer<t>(n));
  }
  template <Type t>
  V<t> sar(V<t> a, int n) {
    return make<t>("sar", a, integer<t>(n));
  }
  F64 to_f64(F32 a) { return make<Type::f64>("convert", a); }
  F32 to_f32(F64 a) { return make<Type::f32>("convert", a); }
  I64 to_i64(I32 a) { return make<Type::i64>("convert", a); }
  I32 to_i32(I64 a) { return make<Type::i32>("convert", a); }
  template <int size>
  F64 lookup(const double (&table)[size], I32 index) {
    return {&text, D::read_table(text, table, size, index.id)};
  }
  template <int count, class Body>
  void unroll(Body body) {
    [&]<int... i>(std::integer_sequence<int, i...>) {
      (body(std::integral_constant<int, i>{}), ...);
    }(std::make_integer_sequence<int, count>{});
  }
  template <Type t, class Slow>
  V<t> rare(M32 m, V<t> fast, Slow slow) {
    return {&text, D::branch(text, t, m.id, fast.id, [&] { return slow().id; })};
  }
};

#define VMATH_TEXT_BINARY(symbol, operation)                               \
  template <class D, Type t>                                               \
  Value<D, t> operator symbol(Value<D, t> a, Value<D, t> b) {              \
    return {a.text, D::emit(*a.text, t, operation, {t, t}, {a.id, b.id})}; \
  }
VMATH_TEXT_BINARY(+, "add")
VMATH_TEXT_BINARY(-, "sub")
VMATH_TEXT_BINARY(*, "mul")
VMATH_TEXT_BINARY(/, "div")
VMATH_TEXT_BINARY(&, "and")
VMATH_TEXT_BINARY(|, "or")
VMATH_TEXT_BINARY(^, "xor")
#undef VMATH_TEXT_BINARY
#define VMATH_TEXT_COMPARE(symbol, operation)                                       \
  template <class D, Type t>                                                        \
  Value<D, Type::mask> operator symbol(Value<D, t> a, Value<D, t> b) {              \
    return {a.text, D::emit(*a.text, Type::mask, operation, {t, t}, {a.id, b.id})}; \
  }
VMATH_TEXT_COMPARE(==, "eq")
VMATH_TEXT_COMPARE(!=, "ne")
VMATH_TEXT_COMPARE(<, "lt")
VMATH_TEXT_COMPARE(<=, "le")
VMATH_TEXT_COMPARE(>, "gt")
VMATH_TEXT_COMPARE(>=, "ge")
#undef VMATH_TEXT_COMPARE
template <class D, Type t>
Value<D, t> operator-(Value<D, t> a) {
  return {a.text, D::emit(*a.text, t, "neg", {t}, {a.id})};
}
template <class D>
Value<D, Type::mask> operator!(Value<D, Type::mask> a) {
  return {a.text, D::emit(*a.text, Type::mask, "not", {Type::mask}, {a.id})};
}

/// C, one lane: the dialect of CUDA, OpenCL and Metal but for the spelling of a few helpers.
struct CText : TextDomain<CText> {
  explicit CText(Text& t) : TextDomain{t} {}

  static const char* type_name(Type t) {
    static const char* const names[] = {"float", "double", "int32_t", "int64_t", "int"};
    return names[static_cast<int>(t)];
  }
  static int line(Text& text, Type t, const std::string& expression) {
    const int id = text.values++;
    text.body += std::string("  ") + type_name(t) + " " + text.name(id) + " = " + expression + ";\n";
    return id;
  }
  static int constant(Text& text, Type t, double real, int64_t whole) {
    switch (t) {
      case Type::f32:
        return line(text, t, real != real ? "NAN" : "(float)as_double(" + hex_of(real) + "ull)");
      case Type::f64:
        return line(text, t, real != real ? "NAN" : "as_double(" + hex_of(real) + "ull)");
      case Type::i32:
        return line(text, t, std::to_string(whole));
      default:
        return line(text, t, "(int64_t)" + std::to_string(static_cast<uint64_t>(whole)) + "ull");
    }
  }
  static int emit(Text& text, Type t, const std::string& operation, std::initializer_list<Type> types,
                  std::initializer_list<int> ids) {
    const Type from = *types.begin();
    std::string v[3];
    int count = 0;
    for (const int id : ids) v[count++] = text.name(id);
    const bool real = from == Type::f32 || from == Type::f64, single = from == Type::f32;
    const bool wide = from == Type::i64 || from == Type::f64;
    const std::string u = wide ? "(uint64_t)" : "(uint32_t)", cast = std::string("(") + type_name(t) + ")";
    struct Row {
      const char *operation, *symbol;
    };
    static constexpr Row arithmetic[] = {{"add", "+"}, {"sub", "-"}, {"mul", "*"}, {"div", "/"},
                                         {"and", "&"}, {"or", "|"},  {"xor", "^"}};
    static constexpr Row compare[] = {{"eq", "=="}, {"ne", "!="}, {"lt", "<"}, {"le", "<="}, {"gt", ">"}, {"ge", ">="}};
    for (const Row& row : arithmetic) {
      if (operation == row.operation) {
        if (real || from == Type::mask) return line(text, t, v[0] + " " + row.symbol + " " + v[1]);
        return line(text, t, cast + "(" + u + v[0] + " " + row.symbol + " " + u + v[1] + ")");
      }
    }
    for (const Row& row : compare) {
      if (operation == row.operation) return line(text, t, v[0] + " " + row.symbol + " " + v[1]);
    }
    const std::string suffix = single ? "f" : "";
    if (operation == "neg") return line(text, t, real ? "-" + v[0] : cast + "(0 - " + u + v[0] + ")");
    if (operation == "not") return line(text, t, "!" + v[0]);
    if (operation == "fma") return line(text, t, "fma" + suffix + "(" + v[0] + ", " + v[1] + ", " + v[2] + ")");
    if (operation == "sqrt") return line(text, t, "sqrt" + suffix + "(" + v[0] + ")");
    if (operation == "abs") return line(text, t, "fabs" + suffix + "(" + v[0] + ")");
    if (operation == "copysign") return line(text, t, "copysign" + suffix + "(" + v[0] + ", " + v[1] + ")");
    if (operation == "select") return line(text, t, v[0] + " ? " + v[1] + " : " + v[2]);
    if (operation == "bits") return line(text, t, std::string("bits_") + type_name(from) + "(" + v[0] + ")");
    if (operation == "shl") return line(text, t, cast + "(" + u + v[0] + " << " + v[1] + ")");
    if (operation == "shr") return line(text, t, cast + "(" + u + v[0] + " >> " + v[1] + ")");
    if (operation == "sar") return line(text, t, v[0] + " >> " + v[1]);
    return line(text, t, cast + v[0]);  // convert
  }
  static int read_table(Text& text, const double* table, int size, int index) {
    const std::string name = "table_" + std::to_string(text.values);
    text.body += "  static const uint64_t " + name + "[] = {";
    for (int i = 0; i < size; ++i) text.body += hex_of(table[i]) + "ull, ";
    text.body += "};\n";
    return line(text, Type::f64, "as_double(" + name + "[" + text.name(index) + "])");
  }
  template <class Slow>
  static int branch(Text& text, Type t, int mask, int fast, Slow slow) {
    const int result = line(text, t, text.name(fast));
    text.body += "  if (" + text.name(mask) + ") {\n";
    const int value = slow();
    text.body += "  " + text.name(result) + " = " + text.name(value) + ";\n  }\n";
    return result;
  }
};

/// LLVM IR, 8 lanes.
struct IrText : TextDomain<IrText> {
  static constexpr int lanes = 8;
  explicit IrText(Text& t) : TextDomain{t} {}

  static std::string element(Type t) {
    static const char* const names[] = {"float", "double", "i32", "i64", "i1"};
    return names[static_cast<int>(t)];
  }
  static std::string type_name(Type t) { return "<8 x " + element(t) + ">"; }
  static int line(Text& text, const std::string& right) {
    const int id = text.values++;
    text.body += "  %" + text.name(id) + " = " + right + "\n";
    return id;
  }
  static int constant(Text& text, Type t, double real, int64_t whole) {
    std::string lane = element(t) + " ";
    lane += t == Type::f32 || t == Type::f64 ? hex_of(real) : std::to_string(whole);
    std::string all = lane;
    for (int i = 1; i < lanes; ++i) all += ", " + lane;
    return line(text, "bitcast " + type_name(t) + " <" + all + "> to " + type_name(t));
  }
  static std::string intrinsic(const char* name, Type t) {
    return "call " + type_name(t) + " @llvm." + name + ".v8" + (t == Type::f32 ? "f32" : "f64");
  }
  static int emit(Text& text, Type t, const std::string& operation, std::initializer_list<Type> types,
                  std::initializer_list<int> ids) {
    const Type from = *types.begin();
    std::string v[3];
    int count = 0;
    for (const int id : ids) v[count++] = "%" + text.name(id);
    const bool real = from == Type::f32 || from == Type::f64;
    const std::string ty = type_name(from), pair = " " + ty + " " + v[0] + ", " + v[1];
    struct Row {
      const char *operation, *whole, *real;
    };
    static constexpr Row rows[] = {{"add", "add", "fadd"},
                                   {"sub", "sub", "fsub"},
                                   {"mul", "mul", "fmul"},
                                   {"div", "sdiv", "fdiv"},
                                   {"and", "and", "and"},
                                   {"or", "or", "or"},
                                   {"xor", "xor", "xor"},
                                   {"eq", "icmp eq", "fcmp oeq"},
                                   {"ne", "icmp ne", "fcmp une"},
                                   {"lt", "icmp slt", "fcmp olt"},
                                   {"le", "icmp sle", "fcmp ole"},
                                   {"gt", "icmp sgt", "fcmp ogt"},
                                   {"ge", "icmp sge", "fcmp oge"},
                                   {"shl", "shl", ""},
                                   {"shr", "lshr", ""},
                                   {"sar", "ashr", ""}};
    for (const Row& row : rows) {
      if (operation == row.operation) return line(text, (real ? row.real : row.whole) + pair);
    }
    if (operation == "neg")
      return line(text, real ? "fneg " + ty + " " + v[0] : "sub " + ty + " zeroinitializer, " + v[0]);
    if (operation == "not") {
      return line(text, "xor " + ty + " " + v[0] + ", <i1 1, i1 1, i1 1, i1 1, i1 1, i1 1, i1 1, i1 1>");
    }
    if (operation == "fma")
      return line(text,
                  intrinsic("fma", t) + "(" + ty + " " + v[0] + ", " + ty + " " + v[1] + ", " + ty + " " + v[2] + ")");
    if (operation == "sqrt") return line(text, intrinsic("sqrt", t) + "(" + ty + " " + v[0] + ")");
    if (operation == "abs") return line(text, intrinsic("fabs", t) + "(" + ty + " " + v[0] + ")");
    if (operation == "copysign")
      return line(text, intrinsic("copysign", t) + "(" + ty + " " + v[0] + ", " + ty + " " + v[1] + ")");
    if (operation == "select") {
      return line(text,
                  "select " + ty + " " + v[0] + ", " + type_name(t) + " " + v[1] + ", " + type_name(t) + " " + v[2]);
    }
    if (operation == "bits") return line(text, "bitcast " + ty + " " + v[0] + " to " + type_name(t));
    const char* convert = from == Type::f32   ? "fpext"
                          : from == Type::f64 ? "fptrunc"
                          : from == Type::i32 ? "sext"
                                              : "trunc";
    return line(text, std::string(convert) + " " + ty + " " + v[0] + " to " + type_name(t));
  }
  static int read_table(Text& text, const double* table, int size, int index) {
    static int tables = 0;
    const std::string name = "@table_" + std::to_string(tables++);
    std::string list;
    for (int i = 0; i < size; ++i) list += (i ? ", double " : "double ") + hex_of(table[i]);
    const std::string array = "[" + std::to_string(size) + " x double]";
    text.globals += name + " = private constant " + array + " [" + list + "]\n";
    int result = line(text, "bitcast <8 x i64> zeroinitializer to <8 x double>");
    for (int i = 0; i < lanes; ++i) {
      const std::string lane = std::to_string(i);
      const int at = line(text, "extractelement <8 x i32> %" + text.name(index) + ", i32 " + lane);
      const int address = line(text, "getelementptr " + array + ", ptr " + name + ", i64 0, i32 %" + text.name(at));
      const int value = line(text, "load double, ptr %" + text.name(address));
      result = line(
          text, "insertelement <8 x double> %" + text.name(result) + ", double %" + text.name(value) + ", i32 " + lane);
    }
    return result;
  }
  template <class Slow>
  static int branch(Text& text, Type t, int mask, int fast, Slow slow) {
    const int any = line(text, "call i1 @llvm.vector.reduce.or.v8i1(<8 x i1> %" + text.name(mask) + ")");
    const std::string number = std::to_string(text.blocks++), from = text.block, slow_block = "slow" + number,
                      join = "join" + number;
    text.body +=
        "  br i1 %" + text.name(any) + ", label %" + slow_block + ", label %" + join + "\n" + slow_block + ":\n";
    text.block = slow_block;
    const int slow_value = slow();
    const int value = emit(text, t, "select", {Type::mask, t, t}, {mask, slow_value, fast});
    const std::string last = text.block;
    text.body += "  br label %" + join + "\n" + join + ":\n";
    text.block = join;
    return line(text, "phi " + type_name(t) + " [%" + text.name(fast) + ", %" + from + "], [%" + text.name(value) +
                          ", %" + last + "]");
  }
};

}  // namespace vmath_test
