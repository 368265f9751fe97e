# What `cmake --install` puts where, and the packages made of it.
#
#   component runtime    libtenon, the commands that need no compiler
#   component dev        tenon.h, tenon.hpp, dlpack.h, find_package, pkg-config
#   component compiler   libtenon-compiler and its commands
#   component python     the content of the wheel (python/pyproject.toml)
include(GNUInstallDirs)
include(CMakePackageConfigHelpers)
set(TENON_CMAKE_DIR "${CMAKE_INSTALL_LIBDIR}/cmake/Tenon")

install(TARGETS tenon-runtime EXPORT TenonTargets
        LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR} COMPONENT runtime NAMELINK_COMPONENT dev)
install(TARGETS tenon-llm LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR} COMPONENT runtime
        NAMELINK_SKIP)
install(TARGETS tenon tenon-run tenon-inspect tenon-bench tenon-verify
                tenon-chat tenon-generate tenon-perplexity tenon-tokenize
        RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR} COMPONENT runtime)
install(FILES runtime/include/tenon.h runtime/include/tenon.hpp
        DESTINATION ${CMAKE_INSTALL_INCLUDEDIR} COMPONENT dev)
install(DIRECTORY runtime/include/dlpack DESTINATION ${CMAKE_INSTALL_INCLUDEDIR} COMPONENT dev)
install(FILES LICENSE NOTICE DESTINATION ${CMAKE_INSTALL_DOCDIR} COMPONENT runtime)

configure_package_config_file(cmake/TenonConfig.cmake.in "${CMAKE_BINARY_DIR}/TenonConfig.cmake"
                              INSTALL_DESTINATION ${TENON_CMAKE_DIR})
write_basic_package_version_file("${CMAKE_BINARY_DIR}/TenonConfigVersion.cmake"
                                 COMPATIBILITY SameMinorVersion)
install(FILES "${CMAKE_BINARY_DIR}/TenonConfig.cmake" "${CMAKE_BINARY_DIR}/TenonConfigVersion.cmake"
        DESTINATION ${TENON_CMAKE_DIR} COMPONENT dev)
install(EXPORT TenonTargets NAMESPACE Tenon:: DESTINATION ${TENON_CMAKE_DIR} COMPONENT dev)
file(RELATIVE_PATH TENON_PC_TO_PREFIX "/${CMAKE_INSTALL_LIBDIR}/pkgconfig" "/")
configure_file(cmake/tenon.pc.in "${CMAKE_BINARY_DIR}/tenon.pc" @ONLY)
install(FILES "${CMAKE_BINARY_DIR}/tenon.pc"
        DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig COMPONENT dev)

if(TENON_BUILD_COMPILER)
  install(TARGETS tenon-compiler LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR} COMPONENT compiler
          NAMELINK_SKIP)
  install(FILES frontends/language/library/std.tn DESTINATION ${CMAKE_INSTALL_DATADIR}/tenon
          COMPONENT compiler)
  install(TARGETS tenon-compile tenon-check tenon-fmt tenon-lsp-server tenon-opt tenon-reduce
                  tenon-mlir-lsp-server
          RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR} COMPONENT compiler)
endif()

# scripts/package: a tarball and a .deb of runtime and dev.
set(CPACK_PACKAGE_NAME tenon-runtime)
set(CPACK_PACKAGE_VENDOR Tenon)
set(CPACK_PACKAGE_CONTACT "The Tenon authors <tenon@example.org>")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "Runs neural networks compiled ahead of time by Tenon")
set(CPACK_RESOURCE_FILE_LICENSE "${CMAKE_SOURCE_DIR}/LICENSE")
set(CPACK_COMPONENTS_ALL runtime dev)
set(CPACK_COMPONENTS_GROUPING ALL_COMPONENTS_IN_ONE)
set(CPACK_ARCHIVE_COMPONENT_INSTALL ON)
set(CPACK_COMPONENT_INCLUDE_TOPLEVEL_DIRECTORY ON)
set(CPACK_DEB_COMPONENT_INSTALL ON)
set(CPACK_STRIP_FILES ON)
set(CPACK_PACKAGE_FILE_NAME "tenon-runtime-${PROJECT_VERSION}-${CMAKE_SYSTEM_PROCESSOR}")
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_SECTION libs)
set(CPACK_GENERATOR TGZ DEB)
include(CPack)
