set(BROT_TEXT_TESTS
  regex_test.cpp
  sweep_test.cpp
  template_test.cpp
  unicode_test.cpp)
