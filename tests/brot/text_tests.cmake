set(BROT_TEXT_TESTS
  unicode_test.cpp)
