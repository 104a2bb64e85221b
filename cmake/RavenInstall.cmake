# Installation: the libraries, their public headers, and a package that find_package(raven) finds.
include(GNUInstallDirs)
include(CMakePackageConfigHelpers)
get_property(raven_libraries GLOBAL PROPERTY RAVEN_LIBRARIES)
install(TARGETS ${raven_libraries} EXPORT raven-targets
        LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR} ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR}
        RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
install(DIRECTORY raven DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}
        FILES_MATCHING PATTERN "*.hpp" PATTERN "*.def" PATTERN "internal" EXCLUDE PATTERN "cpu" EXCLUDE)
install(EXPORT raven-targets NAMESPACE raven:: DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/raven)
configure_package_config_file(${CMAKE_CURRENT_LIST_DIR}/raven-config.cmake.in raven-config.cmake
        INSTALL_DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/raven)
write_basic_package_version_file(raven-config-version.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/raven-config.cmake ${PROJECT_BINARY_DIR}/raven-config-version.cmake
        DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/raven)
