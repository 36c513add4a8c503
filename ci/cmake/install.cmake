# SPDX-License-Identifier: BSD-3-Clause
# Install, and what find_package(holdfast) needs. Included last: it installs the libraries that this build
# has.
include(CMakePackageConfigHelpers)

set(holdfast_targets)
foreach(library engine nvme simdisk sim)
  if(TARGET holdfast_${library})
    list(APPEND holdfast_targets holdfast_${library})
  endif()
endforeach()
install(TARGETS ${holdfast_targets} EXPORT holdfast-targets
        ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR}
        INCLUDES DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
foreach(target ${holdfast_targets})
  get_target_property(source_dir ${target} SOURCE_DIR)
  install(DIRECTORY ${source_dir}/include/ DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
endforeach()

set(holdfast_package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/holdfast)
install(EXPORT holdfast-targets NAMESPACE holdfast:: DESTINATION ${holdfast_package_dir})
configure_package_config_file(${CMAKE_CURRENT_LIST_DIR}/holdfast-config.cmake.in
                              ${PROJECT_BINARY_DIR}/holdfast-config.cmake
                              INSTALL_DESTINATION ${holdfast_package_dir})
write_basic_package_version_file(${PROJECT_BINARY_DIR}/holdfast-config-version.cmake
                                 COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/holdfast-config.cmake ${PROJECT_BINARY_DIR}/holdfast-config-version.cmake
        DESTINATION ${holdfast_package_dir})
