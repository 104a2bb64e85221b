#include "raven/nx/io/safetensors.hpp"

#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstring>
#include <filesystem>
#include <limits>
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "nx/expect.hpp"
#include "raven/base/error.hpp"
#include "raven/base/file.hpp"
#include "raven/nx.hpp"

namespace {

using nx::Array;
using nx::io::load_safetensors;
using nx::io::NamedArray;
using nx::io::SafeTensors;

std::span<const std::byte> as_bytes(const std::string& text) {
  return std::as_bytes(std::span(text.data(), text.size()));
}

/// A file of this header and data, the length before them.
std::string file_of(const std::string& header, const std::string& data = {}) {
  std::string file;
  for (uint64_t n = header.size(), i = 0; i < 8; ++i, n >>= 8) file.push_back(static_cast<char>(n & 0xff));
  return file + header + data;
}

SafeTensors load(const std::string& file) { return load_safetensors(as_bytes(file)); }

struct Folder {
  Folder() {
    std::string pattern = testing::TempDir() + "raven-safetensors-XXXXXX";
    path = ::mkdtemp(pattern.data());
  }
  ~Folder() { EXPECT_EQ(std::system(("rm -rf '" + path + "'").c_str()), 0); }
  std::string path;
};

void expect_same(const Array& a, const Array& b) {
  ASSERT_TRUE(a.defined() && b.defined());
  EXPECT_EQ(a.dtype(), b.dtype());
  EXPECT_EQ(a.shape(), b.shape());
  const Array x = nx::contiguous(a), y = nx::contiguous(b);
  const auto bytes = [](const Array& array) {
    const Array raw = nx::reshape(array, {array.size()});
    std::vector<uint8_t> out;
    if (array.dtype() == nx::b1) {
      for (const bool v : raw.to_vector<bool>()) out.push_back(v);
      return out;
    }
    return raw.size() == 0 ? out : nx::bitcast(raw, nx::u8).to_vector<uint8_t>();
  };
  EXPECT_EQ(bytes(x), bytes(y));
}

std::vector<NamedArray> samples() {
  const double inf = std::numeric_limits<double>::infinity(), nan = std::numeric_limits<double>::quiet_NaN();
  std::vector<NamedArray> all;
  for (int d = 0; d < nx::dtype_count; ++d) {
    const auto dtype = static_cast<nx::DType>(d);
    const std::string name(nx::dtype_name(dtype));
    const Array x = nx::array({{1.5, 0, 3}, {4, 1, 250}}).astype(dtype);
    all.push_back({name + ".matrix", x});
    all.push_back({name + ".transposed", nx::transpose(x)});
    all.push_back({name + ".zero_rank", nx::array(1).astype(dtype)});
    all.push_back({name + ".empty", nx::zeros({2, 0, 3}, {.dtype = dtype})});
  }
  all.push_back({"special", nx::array({nan, inf, -inf, -0.0, 5e-324})});
  all.push_back({"name \"with\" \\ \n é 漢 😀", nx::array({1, 2})});
  return all;
}

TEST(Safetensors, EveryDtypeComesBack) {
  const Folder folder;
  const std::string path = folder.path + "/model.safetensors";
  const std::vector<NamedArray> arrays = samples();
  const nx::io::Metadata metadata = {{"format", "pt"}, {"b", "quote \" line\nend é"}, {"a", ""}};
  nx::io::save_safetensors(path, arrays, metadata);
  const SafeTensors file = load_safetensors(path);
  EXPECT_EQ(file.names().size(), arrays.size());
  EXPECT_EQ(file.metadata(), metadata);
  for (const NamedArray& a : arrays) {
    ASSERT_TRUE(file.contains(a.first)) << a.first;
    expect_same(file.at(a.first), a.second);
  }
  EXPECT_FALSE(file.contains("f32.matri"));
  // The same bytes in memory.
  const std::vector<std::byte> bytes = nx::io::safetensors_bytes(arrays, metadata);
  const std::string text = raven::read_file(path);
  ASSERT_EQ(bytes.size(), text.size());
  EXPECT_EQ(std::memcmp(bytes.data(), text.data(), text.size()), 0);
  expect_same(load_safetensors(bytes).at("special"), arrays[arrays.size() - 2].second);
}

TEST(Safetensors, LayoutOfTheFile) {
  const std::vector<NamedArray> arrays = {{"b", nx::array({true})},
                                          {"c", nx::array({1.0f, 2.0f}, {.dtype = nx::f32})},
                                          {"z", nx::array({7})},
                                          {"a", nx::array({3.0f}, {.dtype = nx::f32})}};
  const std::vector<std::byte> bytes = nx::io::safetensors_bytes(arrays, {{"k", "v"}});
  const std::string text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  EXPECT_EQ(text.substr(8, text.find("]}}") - 5),
            "{\"__metadata__\":{\"k\":\"v\"},"
            "\"z\":{\"dtype\":\"I64\",\"shape\":[1],\"data_offsets\":[0,8]},"
            "\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[8,12]},"
            "\"c\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[12,20]},"
            "\"b\":{\"dtype\":\"BOOL\",\"shape\":[1],\"data_offsets\":[20,21]}}");
  EXPECT_EQ((text.size() - 21) % 8, 0u);
  EXPECT_EQ(load_safetensors(nx::io::safetensors_bytes({})).names().size(), 0u);
}

TEST(Safetensors, ArraysShareTheMappingAndOutliveIt) {
  const Folder folder;
  const std::string path = folder.path + "/model.safetensors";
  nx::io::save_safetensors(path, std::vector<NamedArray>{{"x", nx::ones({1000})}, {"y", nx::zeros({3})}});
  Array x, again;
  {
    const SafeTensors file = load_safetensors(path);
    x = file.at("x");
    again = file.at("x");
    EXPECT_EQ(x.data<double>(), again.data<double>());
  }
  // Writing copies: neither the other handle nor the file changes.
  x = nx::slice_update(std::move(x), nx::array({5.0}), {0}, {1}, {1});
  EXPECT_EQ(x.data<double>()[0], 5.0);
  EXPECT_EQ(again.data<double>()[0], 1.0);
  x = std::move(again) + 1.0;
  EXPECT_EQ(load_safetensors(path).at("x").data<double>()[999], 1.0);
  EXPECT_EQ(x.data<double>()[999], 2.0);
}

TEST(Safetensors, MisalignedElementsAreCopied) {
  const std::string data("\x01\x00\x00\x80\x3f", 5);
  const SafeTensors file = load(file_of(R"({"b":{"dtype":"BOOL","shape":[],"data_offsets":[0,1]},)"
                                        R"("x":{"dtype":"F32","shape":[1],"data_offsets":[1,5]}})",
                                        data));
  EXPECT_ARRAY(float, file.at("x"), {1}, {1.0f});
  EXPECT_EQ(file.names(), (std::vector<std::string>{"b", "x"}));
}

TEST(Safetensors, AnyByteButZeroIsTrue) {
  const SafeTensors file =
      load(file_of(R"({"b":{"dtype":"BOOL","shape":[3],"data_offsets":[0,3]}})", std::string("\x02\x00\x80", 3)));
  EXPECT_EQ(nx::sum(file.at("b")).item<int64_t>(), 2);
}

TEST(Safetensors, OtherDtypesAreListedAndNamed) {
  const SafeTensors file = load(file_of(R"({"h":{"dtype":"BF16","shape":[2],"data_offsets":[0,4]},)"
                                        R"("q":{"dtype":"F4","shape":[2,2],"data_offsets":[4,6]}})",
                                        "abcdef"));
  EXPECT_EQ(file.names(), (std::vector<std::string>{"h", "q"}));
  EXPECT_RAISES(nx::DTypeError, file.at("h"),
                "nx.io.SafeTensors.at: tensor \"h\" is BF16, which arrays do not have; save it as F32 instead, or read its "
                "bytes(…)");
  EXPECT_RAISES(nx::ValueError, file.at("nope"),
                "nx.io.SafeTensors.at: no tensor \"nope\" in \"(memory)\", which holds 2; names() lists them");
}

TEST(Safetensors, ADtypeNewerThanTheReaderHidesNoOtherTensor) {
  const SafeTensors file = load(file_of(R"({"n":{"dtype":"F8_E5M2FNUZ","shape":[3],"data_offsets":[0,3]},)"
                                        R"("x":{"dtype":"U8","shape":[2],"data_offsets":[3,5]},)"
                                        R"("h":{"dtype":"BF16","shape":[1],"data_offsets":[5,7]}})",
                                        "abcdefg"));
  EXPECT_EQ(file.names(), (std::vector<std::string>{"n", "x", "h"}));
  EXPECT_ARRAY(uint8_t, file.at("x"), {2}, {'d', 'e'});
  EXPECT_EQ(file.dtype("n"), "F8_E5M2FNUZ");
  EXPECT_EQ(file.dtype("h"), "BF16");
  EXPECT_EQ(file.shape("n"), (nx::Shape{3}));
  EXPECT_ARRAY(uint8_t, file.bytes("n"), {3}, {'a', 'b', 'c'});
  EXPECT_ARRAY(uint8_t, file.bytes("h"), {2}, {'f', 'g'});
  EXPECT_RAISES(nx::DTypeError, file.at("n"),
                "nx.io.SafeTensors.at: tensor \"n\" is \"F8_E5M2FNUZ\", which arrays do not have; save it as F32 instead, or "
                "read its bytes(…)");
  EXPECT_RAISES(nx::ValueError, file.bytes("y"), "nx.io.SafeTensors.bytes: no tensor \"y\" in \"(memory)\", which holds 3; names() lists them");
  // Its place in the file is checked all the same.
  EXPECT_THROW(load(file_of("{" + std::string(R"("n":{"dtype":"NEW","shape":[3],"data_offsets":[0,9]}})"), "abc")), raven::FormatError);
}

TEST(Safetensors, AModelInSeveralFiles) {
  const Folder folder;
  const std::vector<NamedArray> arrays = {{"b", nx::arange(4)}, {"a", nx::ones({2}, {.dtype = nx::f32})}, {"c", nx::zeros({9})}, {"d", nx::array(true)}};
  nx::io::save_safetensors_sharded(folder.path, arrays, {.max_shard_bytes = 40, .metadata = {{"format", "pt"}}});
  EXPECT_EQ(load_safetensors(folder.path + "/model-00001-of-00003.safetensors").names().size(), 2u);  // 32 + 8 bytes
  const std::string index = folder.path + "/model.safetensors.index.json";
  EXPECT_EQ(raven::read_file(index),
            "{\"metadata\":{\"total_size\":113},\"weight_map\":{\"b\":\"model-00001-of-00003.safetensors\","
            "\"a\":\"model-00001-of-00003.safetensors\",\"c\":\"model-00002-of-00003.safetensors\","
            "\"d\":\"model-00003-of-00003.safetensors\"}}\n");
  const SafeTensors file = load_safetensors(index);
  EXPECT_EQ(file.names(), (std::vector<std::string>{"b", "a", "c", "d"}));
  EXPECT_EQ(file.metadata(), (nx::io::Metadata{{"format", "pt"}}));
  for (const auto& [name, array] : arrays) expect_same(file.at(name), array);
  EXPECT_THROW(file.at("e"), nx::ValueError);
  EXPECT_RAISES(nx::ValueError, nx::io::save_safetensors_sharded(folder.path, arrays, {.max_shard_bytes = 0}),
                "nx.io.save_safetensors_sharded: max_shard_bytes is 0, expected at least 1");
  EXPECT_RAISES(nx::ValueError, nx::io::save_safetensors_sharded(folder.path, std::vector<NamedArray>{{"a", Array{}}}),
                "nx.io.save_safetensors_sharded: tensor \"a\" is an empty handle (Array{}), which holds no array");
}

TEST(Safetensors, AModelThatCannotBeWrittenLeavesTheOlderOne) {
  const Folder folder;
  const std::vector<NamedArray> older = {{"a", nx::arange(4)}, {"b", nx::arange(5)}},
                                newer = {{"a", nx::zeros({4})}, {"b", nx::zeros({9})}};
  const nx::io::ShardOpts options{.max_shard_bytes = 32};
  nx::io::save_safetensors_sharded(folder.path, older, options);
  // The second file has no place.
  const std::string second = folder.path + "/model-00002-of-00002.safetensors", aside = folder.path + "/aside";
  std::filesystem::rename(second, aside);
  std::filesystem::create_directory(second);
  EXPECT_THROW(nx::io::save_safetensors_sharded(folder.path, newer, options), raven::IoError);
  std::filesystem::remove(second);
  std::filesystem::rename(aside, second);
  const std::string index = folder.path + "/model.safetensors.index.json";
  for (const auto& [name, array] : older) expect_same(load_safetensors(index).at(name), array);
  nx::io::save_safetensors_sharded(folder.path, newer, options);
  for (const auto& [name, array] : newer) expect_same(load_safetensors(index).at(name), array);
}

TEST(Safetensors, MalformedIndicesAreNamed) {
  const Folder folder;
  const std::string index = folder.path + "/m.index.json";
  nx::io::save_safetensors(folder.path + "/m", std::vector<NamedArray>{{"a", nx::arange(4)}});
  const struct {
    const char* text;
    const char* message;  // part of it
  } cases[] = {
      {"", "at byte 0"},
      {"{}", "found no weight_map, expected the files of the tensors"},
      {R"({"weight_map":{},"weight_map":{}})", "found weight_map twice"},
      {R"({"weight_map":{"a":"m","a":"m"}})", "at byte 23: found tensor \"a\" twice, expected it once"},
      {R"({"weight_map":{"a":"../m"}})", "at byte 19: found the file \"../m\" of tensor \"a\", expected a file beside the index"},
      {R"({"weight_map":{"a":"/etc/passwd"}})", "expected a file beside the index"},
      {R"({"weight_map":{"a":".."}})", "expected a file beside the index"},
      {R"({"weight_map":{"a":""}})", "expected a file beside the index"},
      {R"({"weight_map":{"a":"m\u0000.x"}})", "expected a file beside the index"},
      {R"({"weight_map":{"a":1}})", "expected a string"},
      {R"({"weight_map":{"a":"m"}} x)", "at byte 25"},
      {R"({"weight_map":{"b":"m"}})", "at byte 15: found tensor \"b\" in the index, expected it in \"m\" too"},
  };
  for (const auto& c : cases) {
    SCOPED_TRACE(c.text);
    raven::write_atomic(index, c.text);
    try {
      load_safetensors(index);
      ADD_FAILURE() << "nothing was refused";
    } catch (const raven::FormatError& error) {
      EXPECT_EQ(error.path(), index);
      EXPECT_NE(std::string(error.what()).find(c.message), std::string::npos) << error.what();
    }
  }
  raven::write_atomic(index, R"({"weight_map":{"a":"n"}})");
  EXPECT_THROW(load_safetensors(index), raven::IoError);
  raven::write_atomic(index, R"({"metadata":{"total_size":32},"weight_map":{"a":"m"}})");
  expect_same(load_safetensors(index).at("a"), nx::arange(4));
}

TEST(Safetensors, ReadsAllOfJson) {
  const SafeTensors file =
      load(file_of("{ \"\\u0061\\ud83d\\ude00\\n\" :\t{\"shape\":[ 1 , 1],\r\n\"data_offsets\":[0,8],\"dtype\":\"I64\","
                   "\"later\":[1,-2.5e+3,{\"k\":[true,false,null,\"\\\"\"]}]}, \"__metadata__\":{} } ",
                   std::string(8, '\0')));
  EXPECT_EQ(file.names(), (std::vector<std::string>{"a😀\n"}));
  EXPECT_EQ(file.at("a😀\n").shape(), (nx::Shape{1, 1}));
}

struct Malformed {
  const char* what;
  std::string file;
  uint64_t offset;
  const char* message;  // part of it
};

std::string entry(const std::string& name, const std::string& dtype, const std::string& shape,
                  const std::string& offsets) {
  return "\"" + name + "\":{\"dtype\":\"" + dtype + "\",\"shape\":" + shape + ",\"data_offsets\":" + offsets + "}";
}

TEST(Safetensors, MalformedFilesAreNamed) {
  const std::string four(4, '\0'), eight(8, '\0');
  const std::string deep = std::string(40, '[') + std::string(40, ']');
  std::string long_header = file_of("{}");
  long_header[4] = 1;  // 2^32 + 2 bytes
  std::string ranks = "[1";
  for (int i = 0; i < 64; ++i) ranks += ",1";
  const Malformed cases[] = {
      {"empty", "", 0, "found 0 bytes, expected at least the 8 of the header's length"},
      {"short prefix", "1234567", 0, "found 7 bytes, expected at least the 8"},
      {"header beyond the file", file_of("{}").substr(0, 9), 0,
       "found a header length of 2, expected at most 1, the rest of the file"},
      {"header of 4 GB", long_header, 0, "found a header length of 4294967298"},
      {"no header", file_of(""), 8, "found a header that does not start with '{'"},
      {"not an object", file_of("[]"), 8, "found a header that does not start with '{'"},
      {"space first", file_of(" {}"), 8, "found a header that does not start with '{'"},
      {"unfinished object", file_of("{"), 9, "found the end of the header, expected a string"},
      {"trailing text", file_of("{} x"), 11, "found 'x', expected the end of the header"},
      {"trailing comma", file_of("{" + entry("x", "F32", "[1]", "[0,4]") + ",}", four), 62,
       "found '}', expected a string"},
      {"no colon", file_of("{\"x\"}"), 12, "found '}', expected ':'"},
      {"entry is a number", file_of("{\"x\":1}"), 13, "found '1', expected '{'"},
      {"unfinished string", file_of("{\"x"), 11, "found the end of the header, expected '\"'"},
      {"control character", file_of("{\"\n\":1}"), 10,
       "found byte 0x0a, expected a control character written as \\u00XX"},
      {"not UTF-8", file_of("{\"\xc0\x80\":1}"), 10, "found byte 0xc0, expected UTF-8"},
      {"surrogate in UTF-8", file_of("{\"\xed\xa0\x80\":1}"), 10, "expected UTF-8"},
      {"cut UTF-8", file_of("{\"\xe6\xbc"), 10, "expected UTF-8"},
      {"unknown escape", file_of("{\"\\x\":1}"), 11, "found 'x', expected an escape"},
      {"short \\u", file_of("{\"\\u12g4\":1}"), 14, "found 'g', expected four hexadecimal digits"},
      {"lone high surrogate", file_of("{\"\\ud800x\":1}"), 10, "found half a surrogate pair"},
      {"lone low surrogate", file_of("{\"\\udc00\":1}"), 10, "found half a surrogate pair"},
      {"two high surrogates", file_of("{\"\\ud800\\ud800\":1}"), 10, "found half a surrogate pair"},
      {"deep nesting", file_of("{\"x\":{\"y\":" + deep + "}}"), 51, "nested more than 32 deep"},
      {"bad word", file_of("{\"x\":{\"y\":nul}}"), 18, "found 'n', expected null"},
      {"bad number", file_of("{\"x\":{\"y\":1.}}"), 20, "found '}', expected a digit"},
      {"duplicate tensor",
       file_of("{" + entry("x", "U8", "[4]", "[0,4]") + "," + entry("x", "U8", "[4]", "[4,8]") + "}", eight), 61,
       "found tensor \"x\" twice, expected it once"},
      {"duplicate field", file_of("{\"x\":{\"dtype\":\"F32\",\"dtype\":\"F32\"}}"), 28,
       "found key \"dtype\" twice in tensor \"x\""},
      {"duplicate metadata", file_of("{\"__metadata__\":{\"k\":\"1\",\"k\":\"2\"}}"), 33,
       "found metadata key \"k\" twice"},
      {"two metadata", file_of("{\"__metadata__\":{},\"__metadata__\":{}}"), 27, "found __metadata__ twice"},
      {"metadata not a string", file_of("{\"__metadata__\":{\"k\":1}}"), 29, "found '1', expected a string"},
      {"no dtype", file_of("{\"x\":{\"shape\":[1],\"data_offsets\":[0,4]}}", four), 9,
       "found tensor \"x\" without \"dtype\""},
      {"no shape", file_of("{\"x\":{\"dtype\":\"F32\",\"data_offsets\":[0,4]}}", four), 9, "without \"shape\""},
      {"no offsets", file_of("{\"x\":{\"dtype\":\"F32\",\"shape\":[1]}}", four), 9, "without \"data_offsets\""},
      {"dtype not a string", file_of("{\"x\":{\"dtype\":1}}"), 22, "found '1', expected a string"},
      {"negative extent", file_of("{" + entry("x", "F32", "[-1]", "[0,4]") + "}", four), 37,
       "found '-', expected a whole number"},
      {"fractional extent", file_of("{" + entry("x", "F32", "[1.0]", "[0,4]") + "}", four), 38,
       "found '.', expected a whole number"},
      {"leading zero", file_of("{" + entry("x", "F32", "[01]", "[0,4]") + "}", four), 37,
       "expected a number without leading zeros"},
      {"huge extent", file_of("{" + entry("x", "F32", "[18446744073709551616]", "[0,4]") + "}", four), 37,
       "beyond 64 bits"},
      {"extent beyond int64", file_of("{" + entry("x", "F32", "[9223372036854775808]", "[0,4]") + "}", four), 37,
       "expected at most 9223372036854775807"},
      {"rank 65", file_of("{" + entry("x", "F32", ranks + "]", "[0,4]") + "}", four), 165, "found a rank above 64"},
      {"one offset", file_of("{" + entry("x", "F32", "[1]", "[0]") + "}", four), 55,
       "found 1 data_offsets, expected begin and end"},
      {"three offsets", file_of("{" + entry("x", "F32", "[1]", "[0,4,4]") + "}", four), 55, "found 3 data_offsets"},
      {"begin after end", file_of("{" + entry("x", "F32", "[1]", "[4,0]") + "}", four), 9,
       "found data_offsets [4, 0] of tensor \"x\""},
      {"beyond the file", file_of("{" + entry("x", "F32", "[1]", "[0,4]") + "}", "abc"), 9,
       "expected begin ≤ end ≤ 3, the bytes after the header"},
      {"hole first", file_of("{" + entry("x", "F32", "[1]", "[4,8]") + "}", eight), 9,
       "at data offset 4, expected 0: tensors leave no holes"},
      {"overlap",
       file_of("{" + entry("x", "U8", "[4]", "[0,4]") + "," + entry("y", "U8", "[4]", "[2,6]") + "}", "abcdef"), 61,
       "at data offset 2, expected 4: tensors leave no overlaps"},
      {"uncovered end", file_of("{" + entry("x", "F32", "[1]", "[0,4]") + "}", eight), 66,
       "found 4 bytes after the last tensor"},
      {"data without tensors", file_of("{}", "x"), 10, "found 1 bytes after the last tensor"},
      {"size is not the shape's", file_of("{" + entry("x", "F32", "[2]", "[0,4]") + "}", four), 9,
       "found 4 bytes for tensor \"x\", expected 8 for F32 (2,)"},
      {"more bytes than the shape's", file_of("{" + entry("x", "F32", "[1]", "[0,8]") + "}", eight), 9,
       "found 8 bytes for tensor \"x\", expected 4 for F32 (1,)"},
      {"product overflow", file_of("{" + entry("x", "F32", "[4294967296,4294967296]", "[0,0]") + "}"), 9,
       "whose size overflows"},
      {"byte overflow", file_of("{" + entry("x", "F64", "[2305843009213693952]", "[0,0]") + "}"), 9,
       "whose size overflows"},
      {"half a byte", file_of("{" + entry("x", "F4", "[3]", "[0,1]") + "}", "x"), 9,
       "found 12 bits in tensor \"x\", expected whole bytes"},
  };
  for (const Malformed& c : cases) {
    SCOPED_TRACE(c.what);
    try {
      load(c.file);
      ADD_FAILURE() << "was accepted";
    } catch (const raven::FormatError& error) {
      EXPECT_EQ(error.op(), "nx.io.load_safetensors");
      EXPECT_EQ(error.path(), "(memory)");
      EXPECT_EQ(error.offset(), c.offset) << error.what();
      EXPECT_NE(std::string(error.what()).find(c.message), std::string::npos) << error.what();
    }
  }
  // Every cut of a good file is refused.
  const std::vector<std::byte> good = nx::io::safetensors_bytes(samples(), {{"a", "b"}});
  for (size_t size = 0; size < good.size(); ++size)
    EXPECT_THROW(load_safetensors(std::span(good).first(size)), raven::FormatError) << size;
}

/// x[i] = 3 i − 4 in the dtype, as tests/golden/nx/safetensors_files.py.
Array golden_values(nx::DType dtype, const nx::Shape& shape) {
  std::vector<int64_t> values(static_cast<size_t>(nx::element_count(shape.span())));
  for (size_t i = 0; i < values.size(); ++i) values[i] = 3 * static_cast<int64_t>(i) - 4;
  const Array x = nx::array(values, shape);
  return nx::is_bool(dtype) ? nx::remainder(nx::floor_divide(x + 4, 3), 2) == 1 : x.astype(dtype);
}

TEST(Safetensors, FilesOfThePythonPackage) {
  const std::string folder = std::string(RAVEN_SOURCE_DIR) + "/tests/golden/nx/";
  const SafeTensors file = load_safetensors(folder + "safetensors_dtypes.bin");
  EXPECT_EQ(file.names().size(), 12u);
  ASSERT_EQ(file.metadata().size(), 1u);
  EXPECT_EQ(file.metadata()[0].second.find("safetensors 0."), 0u);
  for (int d = 0; d < nx::dtype_count; ++d) {
    const auto dtype = static_cast<nx::DType>(d);
    SCOPED_TRACE(nx::numpy_name(dtype));
    expect_same(file.at(nx::numpy_name(dtype)), golden_values(dtype, {2, 3}));
  }
  expect_same(file.at("scalar"), nx::scalar(2.5, nx::f32));
  expect_same(file.at("empty"), nx::zeros({2, 0, 3}, {.dtype = nx::i64}));
  expect_same(file.at("name \"quoted\" \\ é 漢 😀"), golden_values(nx::f32, {1}));
  EXPECT_THROW(file.at("float16"), nx::DTypeError);

  // One dtype of each item size: our file is theirs, byte for byte.
  std::vector<NamedArray> arrays;
  for (const char* prefix : {"a", "b"})
    for (const nx::DType dtype : {nx::b1, nx::f32, nx::f64})
      arrays.push_back({prefix + ("." + std::string(nx::numpy_name(dtype))), golden_values(dtype, {5})});
  const std::string theirs = raven::read_file(folder + "safetensors_layout.bin");
  const std::vector<std::byte> ours = nx::io::safetensors_bytes(arrays, load(theirs).metadata());
  EXPECT_EQ(std::string(reinterpret_cast<const char*>(ours.data()), ours.size()), theirs);
}

TEST(Safetensors, ErrorsOfFilesNameThePath) {
  const Folder folder;
  EXPECT_THROW(load_safetensors(folder.path + "/none"), raven::IoError);
  EXPECT_THROW(load_safetensors(folder.path), raven::IoError);
  raven::write_atomic(folder.path + "/text", "not a checkpoint at all");
  try {
    load_safetensors(folder.path + "/text");
    ADD_FAILURE();
  } catch (const raven::FormatError& error) {
    EXPECT_NE(std::string(error.what()).find("/text\": at byte 0: found a header length of "), std::string::npos)
        << error.what();
  }
}

TEST(Safetensors, WrongArgumentsOfSave) {
  const Array x = nx::array({1});
  const auto bytes = [](std::vector<NamedArray> arrays, const nx::io::Metadata& metadata = {}) {
    return nx::io::safetensors_bytes(arrays, metadata);
  };
  EXPECT_RAISES(nx::ValueError, bytes({{"x", x}, {"y", x}, {"x", x}}),
                "nx.io.save_safetensors: two tensors are named \"x\", expected one");
  EXPECT_RAISES(nx::ValueError, bytes({{"x", Array{}}}),
                "nx.io.save_safetensors: tensor \"x\" is an empty handle (Array{}), which holds no array");
  EXPECT_RAISES(nx::ValueError, bytes({{"\xff", x}}),
                "nx.io.save_safetensors: the name of a tensor is not UTF-8, which the format demands");
  EXPECT_RAISES(nx::ValueError, bytes({{"__metadata__", x}}),
                "nx.io.save_safetensors: a tensor cannot be named __metadata__; pass metadata as the last argument");
  EXPECT_RAISES(nx::ValueError, bytes({}, {{"k", "1"}, {"k", "2"}}),
                "nx.io.save_safetensors: two metadata entries are named \"k\", expected one");
  EXPECT_RAISES(nx::ValueError, bytes({}, {{"k", "\xff"}}),
                "nx.io.save_safetensors: metadata \"k\" is not UTF-8, which the format demands");
}

TEST(Safetensors, AFullDiskLeavesTheOldFile) {
  const Folder folder;
  const std::string path = folder.path + "/model.safetensors";
  nx::io::save_safetensors(path, std::vector<NamedArray>{{"x", nx::array({1, 2, 3})}});
  const std::string before = raven::read_file(path);
  // In a child: the limit on file sizes cannot be raised again.
  const pid_t child = ::fork();
  if (child == 0) {
    ::signal(SIGXFSZ, SIG_IGN);
    const rlimit limit{100'000, 100'000};
    ::setrlimit(RLIMIT_FSIZE, &limit);
    try {
      nx::io::save_safetensors(path, std::vector<NamedArray>{{"x", nx::zeros({100'000})}});
    } catch (const raven::IoError& error) {
      ::_exit(std::string(error.what()).find("nx.io.save_safetensors") == 0 ? 7 : 2);
    } catch (...) {
      ::_exit(3);
    }
    ::_exit(1);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  ASSERT_TRUE(WIFEXITED(status));
  EXPECT_EQ(WEXITSTATUS(status), 7);
  EXPECT_EQ(raven::read_file(path), before);
}

}  // namespace
