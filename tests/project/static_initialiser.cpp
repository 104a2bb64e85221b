// Not part of any program: what static_initialiser_test.cpp must find.
#include <cstdlib>

const char* project_probe = std::getenv("HOME");
