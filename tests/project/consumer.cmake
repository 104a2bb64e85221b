# Installs a build (BUILD, or one made here when it is empty), builds consumer/ against the installation and runs it.
# Shared libraries must export names of Raven alone.
function(run)
  execute_process(COMMAND ${ARGV} RESULT_VARIABLE status OUTPUT_VARIABLE output ERROR_VARIABLE output)
  if(NOT status EQUAL 0)
    message(FATAL_ERROR "${ARGV}\n${output}")
  endif()
  set(output "${output}" PARENT_SCOPE)
endfunction()

find_program(compiler_path ${COMPILER} REQUIRED)
if(NOT BUILD)
  set(BUILD ${WORK}/raven)
  run(${CMAKE_COMMAND} -S ${SOURCE} -B ${BUILD} -G Ninja -D CMAKE_CXX_COMPILER=${compiler_path}
      -D CMAKE_BUILD_TYPE=Release -D BUILD_SHARED_LIBS=${SHARED} -D RAVEN_BUILD_TESTS=OFF -D RAVEN_BUILD_BENCH=OFF)
  run(${CMAKE_COMMAND} --build ${BUILD} --target raven_package)
endif()
file(REMOVE_RECURSE ${WORK}/prefix ${WORK}/consumer)
run(${CMAKE_COMMAND} --install ${BUILD} --prefix ${WORK}/prefix)
run(${CMAKE_COMMAND} -S ${CMAKE_CURRENT_LIST_DIR}/consumer -B ${WORK}/consumer -G Ninja
    -D CMAKE_CXX_COMPILER=${compiler_path} -D CMAKE_PREFIX_PATH=${WORK}/prefix)
run(${CMAKE_COMMAND} --build ${WORK}/consumer)
run(${WORK}/consumer/consumer)
set(expected "499500 IoError
array([[17., 21., 32.],
       [13., 24., 35.]], dtype=float32) [70. 72.]
ShapeError: nx.add: shapes (2, 3) and (4,) cannot be broadcast: axis -1 has sizes 3 and 4
")
if(NOT output STREQUAL expected)
  message(FATAL_ERROR "the consumer said: ${output}")
endif()

if(SHARED)
  file(GLOB libraries ${WORK}/prefix/lib*/libraven_*.so)
  if(NOT libraries)
    message(FATAL_ERROR "no shared library was installed")
  endif()
  # Names of ours, what belongs to them (vtable for …), and weak instances of the standard library's templates, whose
  # visibility is not ours to set.
  set(ours "(vtable for |VTT for |typeinfo for |typeinfo name for |guard variable for )?[^(]*(raven|nx|tolk|rune|vega|kaun|brot)::")
  foreach(library ${libraries})
    run(${NM} -D --defined-only --demangle ${library})
    string(REPLACE ";" "," output "${output}")
    string(REPLACE "\n" ";" lines "${output}")
    foreach(line ${lines})
      if(line MATCHES "^[0-9a-f]+ [WVu] " OR line MATCHES "^[0-9a-f]+ [A-Z] ${ours}")
        continue()
      endif()
      message(SEND_ERROR "${library} exports ${line}")
    endforeach()
  endforeach()
endif()
