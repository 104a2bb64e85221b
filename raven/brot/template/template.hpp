#pragma once
// Chat templates: the part of Jinja that they use, in the environment of HuggingFace transformers (immutable sandbox,
// trim_blocks, lstrip_blocks, loop controls, `tojson` as json.dumps, `raise_exception`, `strftime_now`, `{% generation
// %}`).
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "raven/brot/core/error.hpp"
#include "raven/brot/template/value.hpp"

namespace brot {

/// A template that does not parse, or a fault while it runs; also what `raise_exception` throws. Lines and columns
/// count from 1.
class RAVEN_API TemplateError : public Error {
 public:
  TemplateError(size_t line, size_t column, std::string_view message);
  ~TemplateError() override;
  const char* kind() const noexcept override { return "TemplateError"; }
  size_t line() const noexcept { return line_; }
  size_t column() const noexcept { return column_; }
  /// The message without its place.
  const std::string& message() const noexcept { return message_; }

 private:
  size_t line_, column_;
  std::string message_;
};

/// What a template may use up before it is stopped.
struct TemplateLimits {
  size_t loop_iterations = 1'000'000;
  size_t output_bytes = size_t(64) << 20;  ///< of the text, and of all strings made on the way four times that
  size_t recursion = 200;                  ///< of macro calls and recursive loops
};

/// What a template reads from outside its variables.
struct RenderOptions {
  /// The time of `strftime_now` in seconds since 1970, shown in UTC; negative: the clock's, shown in local time.
  int64_t now = -1;
  uint64_t seed = 0;  ///< of the filter `random`: the same seed picks the same elements
};

/// What rendering gives: the text, and the byte ranges that `{% generation %}` marks.
struct RenderedTemplate {
  struct Span {
    size_t begin, end;
    bool operator==(const Span&) const = default;
  };
  std::string text;
  std::vector<Span> generation;
};

/// A compiled template: immutable, cheap to copy, safe to render from many threads at once.
class RAVEN_API ChatTemplate {
 public:
  /// @throws TemplateError with line and column
  explicit ChatTemplate(std::string_view source, TemplateLimits limits = {});

  /// Renders with `variables`, a dictionary: `messages`, `tools`, `add_generation_prompt`, `bos_token` …
  /// @throws TemplateError
  std::string render(const jinja::Value& variables, const RenderOptions& options = {}) const;
  /// As render, with the spans of `{% generation %}` blocks.
  RenderedTemplate render_with_spans(const jinja::Value& variables, const RenderOptions& options = {}) const;

  const std::string& source() const noexcept;

  struct Impl;

 private:
  std::shared_ptr<const Impl> impl_;
};

}  // namespace brot
