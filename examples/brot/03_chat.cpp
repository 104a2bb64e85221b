// Render a chat template and encode the prompt.
//   brot_03_chat [model directory]
#include <cstdio>

#include "raven/brot.hpp"

static brot::Tokenizer small() {
  brot::Tokenizer tokenizer(brot::ByteModel::make(0, {}));
  tokenizer.add_special_tokens({"<|im_start|>", "<|im_end|>"});
  brot::TokenizerConfig config;
  config.chat_templates["default"] =
      "{% for message in messages %}<|im_start|>{{ message.role }}\n{{ message.content | trim }}<|im_end|>\n{% endfor %}"
      "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}";
  tokenizer.set_config(config);
  return tokenizer;
}

int main(int count, char** arguments) {
  const brot::Tokenizer tokenizer = count > 1 ? brot::Tokenizer::from_pretrained_dir(arguments[1]) : small();
  const auto messages = brot::jinja::Value::from_json(
      R"([{"role": "system", "content": "Answer briefly."}, {"role": "user", "content": " What is a raven? "}])");
  const brot::ChatOptions options{.add_generation_prompt = true};
  std::printf("%s\n", tokenizer.apply_chat_template(messages, options).c_str());
  const brot::Encoding prompt = tokenizer.encode_chat(messages, options);
  std::printf("%zu tokens\n", prompt.size());
  return prompt.empty() ? 1 : 0;
}
