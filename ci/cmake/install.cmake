# SPDX-License-Identifier: BSD-3-Clause
# Install, and what find_package(holdfast) needs.
include(CMakePackageConfigHelpers)

set(holdfast_targets holdfast_engine holdfast_nvme)
if(HOLDFAST_SIM)
  list(APPEND holdfast_targets holdfast_simdisk holdfast_sim)
endif()
install(TARGETS ${holdfast_targets} EXPORT holdfast-targets
        ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR}
        INCLUDES DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
install(DIRECTORY engine/include/ devices/nvme/include/ DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
if(HOLDFAST_SIM)
  install(DIRECTORY devices/simdisk/include/ sim/include/ DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
endif()

set(holdfast_package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/holdfast)
install(EXPORT holdfast-targets NAMESPACE holdfast:: DESTINATION ${holdfast_package_dir})
configure_package_config_file(${CMAKE_CURRENT_LIST_DIR}/holdfast-config.cmake.in
                              ${PROJECT_BINARY_DIR}/holdfast-config.cmake
                              INSTALL_DESTINATION ${holdfast_package_dir})
write_basic_package_version_file(${PROJECT_BINARY_DIR}/holdfast-config-version.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/holdfast-config.cmake ${PROJECT_BINARY_DIR}/holdfast-config-version.cmake
        DESTINATION ${holdfast_package_dir})
