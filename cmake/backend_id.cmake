cmake_minimum_required(VERSION 3.25)
# cmake -D OUTPUT=… -D LLVM=<version> -D FILES=<list> -P: a header that names the back end by what it is made of.
# Machine code in the disk cache is named by it, so that a changed emitter never runs what another one made.
set(all "${LLVM}")
foreach(file ${FILES})
  file(SHA256 ${file} digest)
  string(APPEND all " ${digest}")
endforeach()
string(SHA256 digest "${all}")
string(SUBSTRING ${digest} 0 32 digest)
file(CONFIGURE OUTPUT ${OUTPUT} CONTENT "#pragma once\n#define RAVEN_TOLK_LLVM_BUILD_ID \"llvm @LLVM@ @digest@\"\n" @ONLY)
