set(BROT_CORE_TESTS
  behaviour_test.cpp
  gguf_test.cpp
  decode_test.cpp
  golden_core_test.cpp
  invalid_text_test.cpp
  chat_test.cpp
  golden_training_test.cpp
  golden_truncation_test.cpp
  linear_test.cpp
  loading_test.cpp
  pretrained_test.cpp
  presets_test.cpp
  profile_test.cpp
  segmentations_test.cpp
  sentencepiece_test.cpp
  stream_test.cpp
  tokenizer_test.cpp
  train_test.cpp)
# Answers the requests of oracle.py.
add_executable(brot_oracle oracle_driver.cpp)
target_link_libraries(brot_oracle PRIVATE raven::brot)
# Texts of 100 MB.
raven_test(brot_huge_tests SOURCES huge_test.cpp DEPS brot)
set_tests_properties(brot_huge_tests PROPERTIES LABELS slow)
