# What is installed where. Two components: `sodns`, the daemon and its plugins, and `libsodns-dev`, what writing plugins
# needs.
include(CMakePackageConfigHelpers)

install(TARGETS sodns COMPONENT sodns)
install(TARGETS sodns_sdk EXPORT sodns LIBRARY COMPONENT sodns NAMELINK_COMPONENT libsodns-dev)
install(TARGETS sodns_test EXPORT sodns COMPONENT libsodns-dev)
install(FILES LICENSE DESTINATION ${CMAKE_INSTALL_DOCDIR} COMPONENT sodns)
install(CODE "
	set(doc \"\$ENV{DESTDIR}\${CMAKE_INSTALL_PREFIX}/${CMAKE_INSTALL_DATAROOTDIR}/doc/sodns\")
	execute_process(COMMAND gzip -9nc \"${CMAKE_SOURCE_DIR}/CHANGELOG.md\" OUTPUT_FILE \"\${doc}/changelog.gz\")
	file(CHMOD \"\${doc}/changelog.gz\" PERMISSIONS OWNER_READ OWNER_WRITE GROUP_READ WORLD_READ)" COMPONENT sodns)

# Configuration is the operator's: a file that is there stays, and the new one is put beside it.
function(install_conf file)
	get_filename_component(name ${file} NAME)
	install(CODE "
		set(to \"${SODNS_CONF_DIR}\")
		if(NOT IS_ABSOLUTE \"\${to}\")
			set(to \"\${CMAKE_INSTALL_PREFIX}/\${to}\")
		endif()
		set(to \"\$ENV{DESTDIR}\${to}\")
		set(name ${name})
		if(EXISTS \"\${to}/${name}\")
			file(SHA256 \"\${to}/${name}\" has)
			file(SHA256 \"${file}\" new)
			if(NOT has STREQUAL new)
				set(name ${name}.new)
			endif()
		endif()
		message(STATUS \"Installing: \${to}/\${name}\")
		configure_file(\"${file}\" \"\${to}/\${name}\" COPYONLY)" COMPONENT sodns)
endfunction()
install_conf(${CMAKE_SOURCE_DIR}/plugins/plugin.cfg)
install_conf(${CMAKE_SOURCE_DIR}/packaging/Corefile)
# Empty: packages of plugins put their lines there.
install(DIRECTORY DESTINATION ${SODNS_CONF_DIR}/plugin.cfg.d COMPONENT sodns)

# The unit names the folders of this installation.
configure_file(packaging/sodns.service.in sodns.service @ONLY)
install(FILES ${CMAKE_BINARY_DIR}/sodns.service DESTINATION lib/systemd/system COMPONENT sodns)

# For Grafana and Prometheus.
install(FILES packaging/monitoring/sodns-dashboard.json packaging/monitoring/sodns-rules.yaml
	DESTINATION ${CMAKE_INSTALL_DATAROOTDIR}/sodns/monitoring COMPONENT sodns)

# The SDK: headers, pkg-config, the CMake package, the kit.
install(DIRECTORY sdk/include/sodns DESTINATION ${CMAKE_INSTALL_INCLUDEDIR} COMPONENT libsodns-dev)
set(SODNS_PC_INCLUDEDIR ${CMAKE_INSTALL_INCLUDEDIR})
set(SODNS_PC_LIBDIR ${CMAKE_INSTALL_LIBDIR})
file(RELATIVE_PATH SODNS_PC_PREFIX ${CMAKE_INSTALL_FULL_LIBDIR}/pkgconfig ${CMAKE_INSTALL_PREFIX})
string(REGEX REPLACE "/$" "" SODNS_PC_PREFIX ${SODNS_PC_PREFIX})
file(RELATIVE_PATH SODNS_PREFIX_TO_CONF ${CMAKE_INSTALL_PREFIX} ${conf_full})
configure_file(sdk/cmake/sodns-sdk.pc.in sodns-sdk.pc @ONLY)
configure_file(sdk/cmake/sodns-test.pc.in sodns-test.pc @ONLY)
install(FILES ${CMAKE_BINARY_DIR}/sodns-sdk.pc ${CMAKE_BINARY_DIR}/sodns-test.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig COMPONENT libsodns-dev)

set(package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/sodns)
configure_package_config_file(sdk/cmake/sodns-config.cmake.in sodns-config.cmake INSTALL_DESTINATION ${package_dir}
	PATH_VARS SODNS_PLUGIN_DIR SODNS_INCLUDE_DIR SODNS_LIBRARY_DIR SODNS_MAN_DIR NO_CHECK_REQUIRED_COMPONENTS_MACRO)
write_basic_package_version_file(sodns-config-version.cmake COMPATIBILITY SameMajorVersion)
install(EXPORT sodns FILE sodns-targets.cmake NAMESPACE sodns:: DESTINATION ${package_dir} COMPONENT libsodns-dev)
install(FILES ${CMAKE_BINARY_DIR}/sodns-config.cmake ${CMAKE_BINARY_DIR}/sodns-config-version.cmake
	sdk/cmake/sodns-add-plugin.cmake DESTINATION ${package_dir} COMPONENT libsodns-dev)
install(PROGRAMS sdk/cmake/sodns-man DESTINATION ${package_dir} COMPONENT libsodns-dev)
install(PROGRAMS tools/new-plugin DESTINATION ${CMAKE_INSTALL_BINDIR} RENAME sodns-new-plugin COMPONENT libsodns-dev)
install(DIRECTORY plugins/external-example DESTINATION ${CMAKE_INSTALL_DOCDIR}/examples COMPONENT libsodns-dev)
install(FILES sdk/README.md sdk/REFERENCE.md DESTINATION ${CMAKE_INSTALL_DOCDIR}/sdk COMPONENT libsodns-dev)
