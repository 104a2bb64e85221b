# The text engines: Unicode tables and normalization, regular expressions, chat templates.
set(BROT_TEXT_SOURCES
  unicode/grapheme.cpp
  unicode/normalize.cpp
  unicode/properties.cpp
  unicode/tables.generated.cpp
  unicode/utf8.cpp)
