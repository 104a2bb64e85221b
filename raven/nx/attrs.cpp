#include "raven/nx/attrs.hpp"

#include <charconv>
#include <cstring>
#include <new>

#include "raven/base/allocator.hpp"
#include "raven/base/message.hpp"
#include "raven/nx/error.hpp"
#include "raven/nx/internal/hash.hpp"
#include "raven/nx/program.hpp"

namespace nx {

namespace {

// ---- one value: equality by bits, hash, text -------------------------------------------------------------------------

constexpr std::string_view names_of(ReduceKind, int i) {
  constexpr std::string_view names[] = {"sum", "prod", "max", "min"};
  return i < 4 ? names[i] : std::string_view();
}
constexpr std::string_view names_of(RandomBitsKind, int i) {
  constexpr std::string_view names[] = {"u32", "u64", "pair"};
  return i < 3 ? names[i] : std::string_view();
}
constexpr std::string_view names_of(UpdateKind, int i) {
  constexpr std::string_view names[] = {"set", "add"};
  return i < 2 ? names[i] : std::string_view();
}
constexpr std::string_view names_of(RoundKind, int i) {
  constexpr std::string_view names[] = {"floor", "ceil", "trunc", "even"};
  return i < 4 ? names[i] : std::string_view();
}
constexpr std::string_view names_of(BitwiseKind, int i) {
  constexpr std::string_view names[] = {"and", "or", "xor"};
  return i < 3 ? names[i] : std::string_view();
}
constexpr std::string_view names_of(GeluApproximate, int i) {
  constexpr std::string_view names[] = {"none", "tanh"};
  return i < 2 ? names[i] : std::string_view();
}
constexpr std::string_view names_of(IndexMode, int i) {
  constexpr std::string_view names[] = {"raise", "clip", "wrap", "drop"};
  return i < 4 ? names[i] : std::string_view();
}
constexpr std::string_view names_of(ScatterKind, int i) {
  constexpr std::string_view names[] = {"set", "add", "mul", "min", "max"};
  return i < 5 ? names[i] : std::string_view();
}
constexpr std::string_view names_of(DType, int i) {
  return i < dtype_count ? detail::dtype_info[i].name : std::string_view();
}
template <class T>
concept NamedEnum = requires(T t) { names_of(t, 0); };

using detail::mix;

uint64_t hash_value(uint64_t seed, int64_t v) { return mix(seed, static_cast<uint64_t>(v)); }
uint64_t hash_value(uint64_t seed, bool v) {
  return mix(seed, v);
}
[[maybe_unused]] uint64_t hash_value(uint64_t seed, double v) {
  uint64_t bits;
  std::memcpy(&bits, &v, sizeof bits);
  return mix(seed, bits);
}
uint64_t hash_value(uint64_t seed, const Dims& v) {
  seed = mix(seed, static_cast<uint64_t>(v.size()));
  for (int64_t d : v) seed = hash_value(seed, d);
  return seed;
}
uint64_t hash_value(uint64_t seed, const Scalar& v) {
  return mix(mix(seed, static_cast<uint64_t>(v.kind)), static_cast<uint64_t>(v.integer));
}
template <NamedEnum E>
uint64_t hash_value(uint64_t seed, E v) {
  return mix(seed, static_cast<uint64_t>(v));
}

using ProgramHandle = std::shared_ptr<const Program>;
uint64_t hash_value(uint64_t seed, const ProgramHandle& v) {
  if (!v) return mix(seed, 0);
  const Program::Hash hash = v->hash();
  return mix(mix(seed, hash.low), hash.high);
}

bool equal_value(const ProgramHandle& a, const ProgramHandle& b) { return a == b || (a && b && *a == *b); }
template <class T>
bool equal_value(const T& a, const T& b) {
  if constexpr (std::floating_point<T>)
    return std::memcmp(&a, &b, sizeof a) == 0;
  else
    return a == b;
}

[[maybe_unused]] void print_value(raven::Message& m, bool v) { m << v; }
void print_value(raven::Message& m, int64_t v) { m << v; }
[[maybe_unused]] void print_value(raven::Message& m, double v) { raven::append_real(m, v); }
void print_value(raven::Message& m, const Dims& v) { m << v; }
void print_value(raven::Message& m, const Scalar& v) {
  switch (v.kind) {
    case Scalar::Kind::boolean: m << "bool:" << v.integer; break;
    case Scalar::Kind::integer: m << "int:" << v.integer; break;
    case Scalar::Kind::unsigned_integer: m << "uint:" << static_cast<uint64_t>(v.integer); break;
    case Scalar::Kind::real: {
      // Exact bits, so that -0, infinities and NaN payloads come back.
      uint64_t bits;
      std::memcpy(&bits, &v.real, sizeof bits);
      char hex[17];
      auto [end, error] = std::to_chars(hex, hex + 16, bits, 16);
      m << "real:0x" << std::string_view(hex, static_cast<size_t>(end - hex));
    }
  }
}
template <NamedEnum E>
void print_value(raven::Message& m, E v) {
  m << names_of(v, static_cast<int>(v));
}
void print_value(raven::Message& m, const ProgramHandle& v) { m << (v ? v->print() : std::string("none")); }

// ---- reading back ----------------------------------------------------------------------------------------------------

struct Reader {
  std::string_view text;
  std::string_view whole;
  [[noreturn]] void fail(std::string_view expected) const {
    throw ValueError("nx.Program", raven::Message("cannot read attributes '") << whole << "': expected " << expected
                                                                              << " at '" << text << "'");
  }
  void space() {
    while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  }
  bool accept(std::string_view token) {
    space();
    if (!text.starts_with(token)) return false;
    text.remove_prefix(token.size());
    return true;
  }
  void expect(std::string_view token) {
    if (!accept(token)) fail(token);
  }
  template <class N>
  N number(int base = 10) {
    space();
    N value{};
    auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, base);
    if (error != std::errc()) fail("a number");
    text.remove_prefix(static_cast<size_t>(end - text.data()));
    return value;
  }
  std::string_view word() {
    space();
    size_t n = 0;
    while (n < text.size() && (isalnum(static_cast<unsigned char>(text[n])) || text[n] == '_')) ++n;
    std::string_view w = text.substr(0, n);
    text.remove_prefix(n);
    return w;
  }
};

[[maybe_unused]] void parse_value(Reader& r, bool& v) {
  const auto w = r.word();
  if (w != "true" && w != "false") r.fail("true or false");
  v = w == "true";
}
void parse_value(Reader& r, int64_t& v) { v = r.number<int64_t>(); }
[[maybe_unused]] void parse_value(Reader& r, double& v) {
  r.space();
  auto [end, error] = std::from_chars(r.text.data(), r.text.data() + r.text.size(), v);
  if (error != std::errc()) r.fail("a number");
  r.text.remove_prefix(static_cast<size_t>(end - r.text.data()));
}
void parse_value(Reader& r, Dims& v) {
  v = Dims();
  r.expect("(");
  while (!r.accept(")")) {
    v.push_back(r.number<int64_t>());
    if (!r.accept(",") && !r.text.starts_with(")")) r.fail(", or )");
  }
}
void parse_value(Reader& r, Scalar& v) {
  if (r.accept("bool:"))
    v = Scalar::from(r.number<int64_t>() != 0);
  else if (r.accept("int:"))
    v = Scalar::from(r.number<int64_t>());
  else if (r.accept("uint:"))
    v = Scalar::from(r.number<uint64_t>());
  else {
    r.expect("real:0x");
    const uint64_t bits = r.number<uint64_t>(16);
    double value;
    std::memcpy(&value, &bits, sizeof value);
    v = Scalar::from(value);
  }
}
template <NamedEnum E>
void parse_value(Reader& r, E& v) {
  const std::string_view w = r.word();
  for (int i = 0; !names_of(v, i).empty(); ++i)
    if (names_of(v, i) == w) {
      v = static_cast<E>(i);
      return;
    }
  r.fail("one of the names of this attribute");
}
void parse_value(Reader& r, ProgramHandle& v) {
  r.space();
  // To the brace that closes the program's body.
  size_t end = 0;
  int depth = 0;
  for (; end < r.text.size(); ++end) {
    if (r.text[end] == '{') ++depth;
    if (r.text[end] == '}' && --depth <= 0) break;
  }
  if (end == r.text.size() || depth < 0) r.fail("a program");
  v = std::make_shared<const Program>(Program::parse(r.text.substr(0, end + 1)));
  r.text.remove_prefix(end + 1);
}

// ---- one attribute struct --------------------------------------------------------------------------------------------

struct AttrsType {
  size_t bytes;
  bool has_members;
  bool (*equal)(const Attrs&, const Attrs&);
  uint64_t (*hash)(const Attrs&, uint64_t);
  void (*print)(const Attrs&, raven::Message&);
  void (*parse)(Attrs&, Reader&);
  void (*copy)(const Attrs&, void*);
  void (*make)(void*);
  void (*destroy)(Attrs&);
};

template <class A>
struct TypeFunctions {
  static const A& cast(const Attrs& a) { return static_cast<const A&>(a); }
  static bool equal(const Attrs& a, const Attrs& b) {
    // Members are visited by name on one side and looked up on the other by the same position.
    bool same = true;
    const auto* base_a = reinterpret_cast<const char*>(&cast(a));
    const auto* base_b = reinterpret_cast<const char*>(&cast(b));
    A::fields(cast(a), [&](const char*, const auto& member) {
      const auto offset = reinterpret_cast<const char*>(&member) - base_a;
      using M = std::remove_cvref_t<decltype(member)>;
      same = same && equal_value(member, *reinterpret_cast<const M*>(base_b + offset));
    });
    return same;
  }
  static uint64_t hash(const Attrs& a, uint64_t seed) {
    A::fields(cast(a), [&](const char*, const auto& member) { seed = hash_value(seed, member); });
    return seed;
  }
  static void print(const Attrs& a, raven::Message& m) {
    bool first = true;
    A::fields(cast(a), [&](const char* name, const auto& member) {
      m << (first ? "{" : ", ") << name << "=";
      print_value(m, member);
      first = false;
    });
    if (!first) m << "}";
  }
  static void parse(Attrs& a, Reader& r) {
    bool first = true;
    A::fields(static_cast<A&>(a), [&](const char* name, auto& member) {
      r.expect(first ? "{" : ",");
      r.expect(name);
      r.expect("=");
      parse_value(r, member);
      first = false;
    });
    if (!first) r.expect("}");
    r.space();
    if (!r.text.empty()) r.fail("the end");
  }
  static void copy(const Attrs& a, void* place) { new (place) A(cast(a)); }
  static void make(void* place) { new (place) A(); }
  static void destroy(Attrs& a) { static_cast<A&>(a).~A(); }
};

struct AttrsTable {
  AttrsType rows[op_table_size];
};
constexpr AttrsTable make_table() {
  AttrsTable table{};
#define PRIMITIVE(name, public_name, attrs, ...)                                                                     \
  using name##Functions = TypeFunctions<attrs>;                                                                      \
  table.rows[static_cast<int>(Op::name)] =                                                                           \
      AttrsType{sizeof(attrs), !std::is_same_v<attrs, NoAttrs>, &name##Functions::equal, &name##Functions::hash, &name##Functions::print,   \
                &name##Functions::parse, &name##Functions::copy,  &name##Functions::make, &name##Functions::destroy};
#define HIGHER_ORDER PRIMITIVE
#define COMPOSITE PRIMITIVE
#include "raven/nx/op.def"
  return table;
}
constexpr AttrsTable types = make_table();
const AttrsType& type_of(Op op) { return types.rows[static_cast<int>(op)]; }
bool has_members(Op op) { return type_of(op).has_members; }

}  // namespace

bool attrs_equal(Op op, const Attrs& a, const Attrs& b) { return type_of(op).equal(a, b); }
uint64_t attrs_hash(Op op, const Attrs& attrs, uint64_t seed) {
  return type_of(op).hash(attrs, mix(seed, static_cast<uint64_t>(op)));
}
std::string attrs_print(Op op, const Attrs& attrs) {
  raven::Message m;
  type_of(op).print(attrs, m);
  return m.str();
}

AttrsBox::AttrsBox(Op op, const Attrs& attrs) : op_(op) {
  if (!has_members(op)) return;
  void* place = raven::Allocator::allocate(type_of(op).bytes);
  try {
    type_of(op).copy(attrs, place);
  } catch (...) {
    raven::Allocator::deallocate(place, type_of(op).bytes);
    throw;
  }
  attrs_ = static_cast<Attrs*>(place);
}
AttrsBox::AttrsBox(const AttrsBox& other) : AttrsBox() {
  if (other.attrs_) *this = AttrsBox(other.op_, *other.attrs_);
  op_ = other.op_;
}
void AttrsBox::release() noexcept {
  type_of(op_).destroy(*attrs_);
  raven::Allocator::deallocate(attrs_, type_of(op_).bytes);
  attrs_ = nullptr;
}

AttrsBox AttrsBox::parse(Op op, std::string_view text) {
  AttrsBox box;
  box.op_ = op;
  Reader reader{text, text};
  if (!has_members(op)) {
    reader.space();
    if (!reader.text.empty()) reader.fail("no attributes");
    return box;
  }
  box.attrs_ = static_cast<Attrs*>(raven::Allocator::allocate(type_of(op).bytes));
  type_of(op).make(box.attrs_);
  type_of(op).parse(*box.attrs_, reader);
  return box;
}

}  // namespace nx
