# tenon_add_unittest(NAME SOURCES... [LINK targets] [MLIR]): a GoogleTest program
# in build/<preset>/unittests, which scripts/test finds and runs. MLIR gives it
# MLIR's headers and the shared precompiled header. TENON_TEST_DATA is the path
# of tests/data.
#
# `tenon-unittests` builds all of them; `tenon-sanitized` those of the layers
# that scripts/test also runs under sanitizers, `tenon-threads` those that it runs
# under the thread sanitizer.
find_package(GTest REQUIRED)
add_custom_target(tenon-unittests)
add_custom_target(tenon-sanitized)
add_custom_target(tenon-threads)
set(TENON_SANITIZED_FOLDERS "^(runtime|dialects|frontends|compiler/bundle|damage|sim/ptx)")

function(tenon_add_unittest name)
  cmake_parse_arguments(ARG "MLIR" "" "SOURCES;LINK" ${ARGN})
  add_executable(${name} ${ARG_SOURCES} ${ARG_UNPARSED_ARGUMENTS})
  target_include_directories(${name} PRIVATE ${CMAKE_SOURCE_DIR} ${CMAKE_BINARY_DIR})
  target_compile_definitions(${name} PRIVATE TENON_TEST_DATA="${CMAKE_SOURCE_DIR}/tests/data")
  target_link_libraries(${name} PRIVATE ${ARG_LINK} GTest::gtest_main)
  if(ARG_MLIR)
    tenon_use_mlir(${name})
  endif()
  set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY "${CMAKE_BINARY_DIR}/unittests")
  add_dependencies(tenon-unittests ${name})
  file(RELATIVE_PATH folder "${CMAKE_SOURCE_DIR}/tests" "${CMAKE_CURRENT_SOURCE_DIR}")
  if(folder MATCHES "${TENON_SANITIZED_FOLDERS}")
    add_dependencies(tenon-sanitized ${name})
  endif()
  if(folder MATCHES "^runtime(/comm)?$")
    add_dependencies(tenon-threads ${name})
  endif()
endfunction()
