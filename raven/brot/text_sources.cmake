# The text engines: Unicode tables and normalization, regular expressions, chat templates.
set(BROT_TEXT_SOURCES
  regex/automaton.cpp
  regex/backtrack.cpp
  regex/char_set.cpp
  regex/parser.cpp
  regex/program.cpp
  regex/regex.cpp
  regex/scanners.cpp
  unicode/grapheme.cpp
  unicode/normalize.cpp
  unicode/properties.cpp
  unicode/tables.generated.cpp
  unicode/utf8.cpp)
