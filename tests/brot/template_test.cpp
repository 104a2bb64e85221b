#include "raven/brot/template/template.hpp"

#include <cstdlib>
#include <ctime>

#include "gtest/gtest.h"
#include "raven/brot/template/internal/engine.hpp"
#include "tests/brot/json_lines.hpp"

namespace brot {
namespace {

using jinja::Value;

TEST(Template, EqualsJinja2) {
  // RAVEN_BROT_TEMPLATE_GOLDEN names a larger file made by the same script from real chat templates: the long run.
  const char* larger = std::getenv("RAVEN_BROT_TEMPLATE_GOLDEN");
  size_t total = 0;
  for (const test::Json& line : test::read_golden(larger ? larger : "template.txt")) {
    ++total;
    const std::string& source = line[0].string;
    std::string rendered;
    bool failed = false;
    try {
      const int64_t now = line.items.size() > 3 ? line[3].number : 1767312000;
      rendered = ChatTemplate(source).render(Value::from_json(line[1].string), {.now = now});
    } catch (const TemplateError& error) {
      failed = true;
      rendered = error.what();
    }
    if (line[2].type == test::Json::null) {
      EXPECT_TRUE(failed) << source << "\nrendered " << rendered;
    } else {
      EXPECT_EQ(rendered, line[2].string) << source;
    }
  }
  EXPECT_GT(total, 350u);
}

TEST(Template, FaultsHaveLineAndColumn) {
  const auto fault = [](std::string_view source) {
    try {
      ChatTemplate(source).render(Value::dict());
    } catch (const TemplateError& error) {
      return std::string(error.what());
    }
    return std::string();
  };
  EXPECT_EQ(fault("a\n{% if x %}\n {{ é + }}{% endif %}"),
            "brot.ChatTemplate: line 3, column 9: unexpected end of print statement");
  EXPECT_EQ(fault("\n\n{{ 1 + none }}"),
            "brot.ChatTemplate: line 3, column 6: unsupported operand type(s) for +: 'int' and 'NoneType'");
  EXPECT_EQ(fault("{{ x.y }}"), "brot.ChatTemplate: line 1, column 5: 'x' is undefined");
  EXPECT_EQ(fault("{% nope %}"), "brot.ChatTemplate: line 1, column 4: Encountered unknown tag 'nope'.");
  EXPECT_EQ(fault("{{ raise_exception('roles must alternate') }}"),
            "brot.ChatTemplate: line 1, column 19: roles must alternate");
  EXPECT_EQ(fault("{{ [].append(1) }}"),
            "brot.ChatTemplate: line 1, column 6: access to attribute 'append' of 'list' object is unsafe.");
}

TEST(Template, WorkIsBounded) {
  const auto refuses = [](std::string_view source) {
    EXPECT_THROW(ChatTemplate(source).render(Value::dict()), TemplateError) << source;
  };
  refuses("{% for a in range(99999) %}{% for b in range(99999) %}{% endfor %}{% endfor %}");
  refuses("{{ 'a' * 10**18 }}");
  refuses("{{ 'a' * 2**40 }}");
  refuses("{% set ns = namespace(x='ab') %}{% for i in range(99) %}{% set ns.x = ns.x ~ ns.x %}{% endfor %}");
  refuses("{% set ns = namespace(x=[1]) %}{% for i in range(99) %}{% set ns.x = [ns.x, ns.x] %}{% endfor %}{{ ns.x }}");
  refuses("{% set ns = namespace(x=[1]) %}{% for i in range(9999) %}{% set ns.x = [ns.x] %}{% endfor %}");
  refuses("{% set ns = namespace() %}{% set ns.a = ns %}{% set ns.b = ns %}{{ ns }}");
  refuses("{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}");
  refuses("{% for i in [1] recursive %}{{ loop([1]) }}{% endfor %}");
  refuses("{{ '{:1000000000}'.format(1) }}");
  refuses("{{ '%1000000000d' % 1 }}");
  refuses("{{ '{:.1000000000f}'.format(1.0) }}");
  refuses(
      "{% set ns = namespace(x=['a']) %}{% for i in range(23) %}{% set ns.x = [ns.x, ns.x] %}{% endfor %}{{ ns.x | "
      "pprint }}");
  refuses("{{ " + std::string(100000, '(') + " }}");
  refuses("{{ " + std::string(100000, '-') + "1 }}");
  refuses("{{ x" + std::string(100000, '|') + " }}");
  std::string filters = "{{ 'x'", sums = "{{ 1", blocks;
  for (int i = 0; i < 50000; ++i) filters += "|upper", sums += " + 1", blocks += "{% if 1 %}";
  refuses(filters + " }}");
  refuses(sums + " }}");
  refuses(blocks);
  EXPECT_THROW(ChatTemplate("{{ s }}{{ s }}", {.output_bytes = 10}).render(Value::dict({{"s", "0123456"}})),
               TemplateError);
}

TEST(Template, MarksGenerationSpans) {
  const ChatTemplate chat("{% for m in messages %}<{{ m }}>{% generation %}{{ m }}!{% endgeneration %}{% endfor %}");
  const RenderedTemplate out = chat.render_with_spans(Value::dict({{"messages", Value::list({"a", "bc"})}}));
  EXPECT_EQ(out.text, "<a>a!<bc>bc!");
  EXPECT_EQ(out.generation, (std::vector<RenderedTemplate::Span>{{3, 5}, {9, 12}}));
}

TEST(Template, ClockIsInjectable) {
  EXPECT_EQ(ChatTemplate("{{ strftime_now('%Y-%m-%d %H:%M') }}").render(Value::dict(), {.now = 86400}),
            "1970-01-02 00:00");
}

TEST(Template, TheClockShowsLocalTime) {
  const char* before = std::getenv("TZ");
  const std::string zone = before ? before : "";
  setenv("TZ", "XYZ-14", 1);  // 14 hours ahead of UTC
  tzset();
  const int64_t earliest = std::time(nullptr);
  const std::string shown = ChatTemplate("{{ strftime_now('%Y-%m-%d %H:%M:%S') }}").render(Value::dict());
  const int64_t latest = std::time(nullptr);
  before ? setenv("TZ", zone.c_str(), 1) : unsetenv("TZ");
  tzset();
  bool found = false;
  for (int64_t second = earliest; second <= latest; ++second)
    found = found || shown == jinja::format_time(jinja::Moment::at(second + 14 * 3600), "%Y-%m-%d %H:%M:%S");
  EXPECT_TRUE(found) << shown;
}

TEST(Template, RandomIsSeeded) {
  const ChatTemplate chat("{% for i in range(40) %}{{ 'abcd' | random }}{% endfor %}");
  const auto drawn = [&](uint64_t seed) { return chat.render(Value::dict(), {.seed = seed}); };
  EXPECT_EQ(drawn(1), drawn(1));
  EXPECT_NE(drawn(1), drawn(2));
  for (const char c : {'a', 'b', 'c', 'd'}) EXPECT_NE(drawn(0).find(c), std::string::npos);
}

TEST(Template, JsonIsBoundedAndTyped) {
  EXPECT_EQ(Value::from_json(R"({"a": [1, 2.5, "\ud83d\ude00", null, true], "a": 3})").repr(), "{'a': 3}");
  for (const char* bad : {"", "{", "[1,]", "\"\\x\"", "01x", "nul", "{\"a\" 1}", "\"abc", "[1] 2"})
    EXPECT_THROW(Value::from_json(bad), raven::FormatError) << bad;
  EXPECT_THROW(Value::from_json(std::string(100000, '[')), raven::FormatError);
}

}  // namespace
}  // namespace brot
