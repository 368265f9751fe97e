# MLIR 22 from the distribution, linked as one shared library.
find_package(MLIR 22.1 REQUIRED CONFIG PATHS /usr/lib/llvm-22/lib/cmake/mlir)
list(APPEND CMAKE_MODULE_PATH "${MLIR_CMAKE_DIR}" "${LLVM_CMAKE_DIR}")
include(TableGen)
include(AddLLVM)
include(AddMLIR)
include_directories(SYSTEM ${MLIR_INCLUDE_DIRS} ${LLVM_INCLUDE_DIRS})
separate_arguments(LLVM_DEFINITIONS_LIST NATIVE_COMMAND ${LLVM_DEFINITIONS})

# tenon_mlir_library(NAME SOURCES...): like tenon_library, with MLIR's headers,
# its precompiled header and the shared libMLIR and libLLVM.
function(tenon_mlir_library name)
  tenon_library(${name} ${ARGN})
  tenon_use_mlir(${name})
endfunction()

function(tenon_use_mlir name)
  target_include_directories(${name} SYSTEM PUBLIC ${MLIR_INCLUDE_DIRS} ${LLVM_INCLUDE_DIRS})
  target_compile_options(${name} PUBLIC ${LLVM_DEFINITIONS_LIST})
  target_link_libraries(${name} PUBLIC MLIR LLVM)
  # The precompiled header is -fPIC; CMake would give programs -fPIE.
  target_compile_options(${name} PRIVATE -fPIC)
  if(TARGET TenonPCH)
    if(NOT name STREQUAL "TenonPCH")
      target_precompile_headers(${name} REUSE_FROM TenonPCH)
    endif()
  endif()
endfunction()

# The precompiled header of all MLIR code: built once, reused by every library.
file(WRITE ${CMAKE_BINARY_DIR}/TenonPCH.cpp.in "// Carries the precompiled header.\n")
configure_file(${CMAKE_BINARY_DIR}/TenonPCH.cpp.in ${CMAKE_BINARY_DIR}/TenonPCH.cpp COPYONLY)
add_library(TenonPCH STATIC ${CMAKE_BINARY_DIR}/TenonPCH.cpp)
target_include_directories(TenonPCH SYSTEM PUBLIC ${MLIR_INCLUDE_DIRS} ${LLVM_INCLUDE_DIRS})
target_include_directories(TenonPCH PUBLIC ${CMAKE_SOURCE_DIR} ${CMAKE_BINARY_DIR})
set(TENON_PCH_HEADERS
  <mlir/IR/Builders.h> <mlir/IR/BuiltinOps.h> <mlir/IR/BuiltinTypes.h> <mlir/IR/Dialect.h>
  <mlir/IR/DialectImplementation.h> <mlir/IR/OpImplementation.h> <mlir/IR/PatternMatch.h>
  <mlir/Pass/Pass.h> <mlir/Pass/PassManager.h> <mlir/Interfaces/SideEffectInterfaces.h>
  <mlir/Interfaces/InferTypeOpInterface.h> <mlir/Interfaces/FunctionInterfaces.h>
  <mlir/Dialect/Arith/IR/Arith.h> <mlir/Dialect/Math/IR/Math.h> <mlir/Dialect/SCF/IR/SCF.h>
  <mlir/Bytecode/BytecodeOpInterface.h>)
target_precompile_headers(TenonPCH PRIVATE ${TENON_PCH_HEADERS})

# ccache takes this sum for the precompiled header's contents, which hold paths:
# with it, all checkouts of this machine share their objects.
string(SHA256 TENON_PCH_SUM
       "${LLVM_VERSION} ${CMAKE_BUILD_TYPE} ${CMAKE_CXX_FLAGS} ${TENON_SANITIZE} ${TENON_PCH_HEADERS}")
file(WRITE ${CMAKE_BINARY_DIR}/CMakeFiles/TenonPCH.dir/cmake_pch.hxx.pch.sum "${TENON_PCH_SUM}\n")
