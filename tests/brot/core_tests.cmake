set(BROT_CORE_TESTS
  behaviour_test.cpp
  golden_core_test.cpp)
# Answers the requests of oracle.py.
add_executable(brot_oracle oracle_driver.cpp)
target_link_libraries(brot_oracle PRIVATE raven::brot)
