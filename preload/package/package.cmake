# What `cmake --install` puts into place, and the targets of find_package(heapscribe).
#
#   bin/heapscribe, lib/libheapscribe.so    the one finds the other by this very place
#   include/heapscribe/                     heapscribe.h, gtest.h
#   lib/cmake/heapscribe/                   heapscribe::api, heapscribe_add_test()
#   lib/pkgconfig/heapscribe.pc
include(CMakePackageConfigHelpers)

set(HEAPSCRIBE_LIBRARY_FOLDER lib)
set(HEAPSCRIBE_PACKAGE_FOLDER lib/cmake/heapscribe)

# Headers only: a program links nothing and runs without heapscribe too.
add_library(heapscribe_api INTERFACE)
add_library(heapscribe::api ALIAS heapscribe_api)
set_target_properties(heapscribe_api PROPERTIES EXPORT_NAME api)
target_include_directories(heapscribe_api INTERFACE
  $<BUILD_INTERFACE:${CMAKE_CURRENT_LIST_DIR}/../include> $<INSTALL_INTERFACE:include>)

if(TARGET heapscribe_guest)
  install(TARGETS heapscribe_guest LIBRARY DESTINATION ${HEAPSCRIBE_LIBRARY_FOLDER})
endif()
install(DIRECTORY ${CMAKE_CURRENT_LIST_DIR}/../include/heapscribe DESTINATION include)
install(TARGETS heapscribe_api EXPORT heapscribe)
install(EXPORT heapscribe FILE heapscribe-targets.cmake NAMESPACE heapscribe::
  DESTINATION ${HEAPSCRIBE_PACKAGE_FOLDER})

set(package_build ${CMAKE_CURRENT_BINARY_DIR}/package)
configure_package_config_file(
  ${CMAKE_CURRENT_LIST_DIR}/heapscribe-config.cmake.in ${package_build}/heapscribe-config.cmake
  INSTALL_DESTINATION ${HEAPSCRIBE_PACKAGE_FOLDER})
write_basic_package_version_file(${package_build}/heapscribe-config-version.cmake
  COMPATIBILITY SameMajorVersion ARCH_INDEPENDENT)
configure_file(${CMAKE_CURRENT_LIST_DIR}/heapscribe.pc.in ${package_build}/heapscribe.pc @ONLY)
install(FILES ${package_build}/heapscribe-config.cmake
  ${package_build}/heapscribe-config-version.cmake
  ${CMAKE_CURRENT_LIST_DIR}/heapscribe_add_test.cmake ${CMAKE_CURRENT_LIST_DIR}/run_test.cmake
  DESTINATION ${HEAPSCRIBE_PACKAGE_FOLDER})
install(FILES ${package_build}/heapscribe.pc DESTINATION lib/pkgconfig)
