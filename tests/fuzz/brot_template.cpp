// Any template on fixed variables: typed errors or text, within the limits.
#include <cstdint>

#include "raven/brot/template/template.hpp"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const brot::jinja::Value variables = brot::jinja::Value::from_json(
      R"({"messages": [{"role": "user", "content": "hi \u00e9 \ud83d\ude00"}, {"role": "assistant", "content": [1, 2.5, null, true]}], "x": {"a": [1, 2], "b": {}}, "s": "a,b c", "n": 3})");
  try {
    const brot::ChatTemplate chat(std::string_view(reinterpret_cast<const char*>(data), size),
                                  {.loop_iterations = 2000, .output_bytes = 1 << 18});
    (void)chat.render(variables, {.now = 0});
  } catch (const brot::TemplateError&) {
  }
  return 0;
}
