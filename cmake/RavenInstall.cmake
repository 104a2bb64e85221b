# Installation: the libraries, their public headers, and a package that find_package(raven) finds.
include(GNUInstallDirs)
include(CMakePackageConfigHelpers)
get_property(raven_libraries GLOBAL PROPERTY RAVEN_LIBRARIES)
install(TARGETS ${raven_libraries} EXPORT raven-targets
        LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR} ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR}
        RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
# Public headers: not those in internal/ and cpu/, nor those whose first comment says "Not installed."
file(GLOB_RECURSE headers RELATIVE ${PROJECT_SOURCE_DIR} CONFIGURE_DEPENDS raven/*.hpp raven/*.def)
list(FILTER headers EXCLUDE REGEX "/(internal|cpu)/")
foreach(header ${headers})
  file(STRINGS ${PROJECT_SOURCE_DIR}/${header} head LIMIT_COUNT 8)
  if(NOT head MATCHES "Not installed\\.")
    cmake_path(GET header PARENT_PATH folder)
    install(FILES ${header} DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/${folder})
  endif()
endforeach()
install(EXPORT raven-targets NAMESPACE raven:: DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/raven)
configure_package_config_file(${CMAKE_CURRENT_LIST_DIR}/raven-config.cmake.in raven-config.cmake
        INSTALL_DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/raven)
write_basic_package_version_file(raven-config-version.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/raven-config.cmake ${PROJECT_BINARY_DIR}/raven-config-version.cmake
        DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/raven)
