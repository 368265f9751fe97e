# The Python that has the packages of scripts/packages/pip.txt: the virtual
# environment that scripts/build makes, else the machine's. Sets
# Python3_EXECUTABLE, which the ONNX importer asks for onnx-ml.proto.
if(NOT Python3_EXECUTABLE AND EXISTS "${CMAKE_SOURCE_DIR}/build/venv/bin/python")
  set(Python3_EXECUTABLE "${CMAKE_SOURCE_DIR}/build/venv/bin/python")
endif()
find_package(Python3 REQUIRED COMPONENTS Interpreter)
