// The program of the case `process_start`: starts, adds two arrays, ends.
#include "raven/nx.hpp"

int main() {
  const nx::Array sum = nx::ones({4}) + nx::ones({4});
  return sum.size() == 4 ? 0 : 1;
}
