# Debian packages by CPack: `sodns` and `libsodns-dev`, one for each component. tools/package makes them.
set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGING_INSTALL_PREFIX ${CMAKE_INSTALL_PREFIX})
set(CPACK_PACKAGE_VENDOR sodns)
set(CPACK_PACKAGE_CONTACT "sodns maintainers <maintainers@sodns.example>")
set(CPACK_PACKAGE_HOMEPAGE_URL "https://sodns.example")
set(CPACK_STRIP_FILES ON)
set(CPACK_COMPONENTS_ALL sodns libsodns-dev)
set(CPACK_DEB_COMPONENT_INSTALL ON)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_COMPRESSION_TYPE xz)
set(CPACK_DEBIAN_PACKAGE_RELEASE 1)
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
# A plugin runs with the sodns that it was built with, or a newer one of the same ABI.
set(CPACK_DEBIAN_PACKAGE_GENERATE_SHLIBS ON)
set(CPACK_DEBIAN_PACKAGE_GENERATE_SHLIBS_POLICY ">=")
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS_PRIVATE_DIRS ${CMAKE_BINARY_DIR})
set(debian ${CMAKE_SOURCE_DIR}/packaging/debian)

set(CPACK_DEBIAN_SODNS_PACKAGE_NAME sodns)
set(CPACK_DEBIAN_SODNS_PACKAGE_SECTION net)
set(CPACK_DEBIAN_SODNS_PACKAGE_DEPENDS adduser)
set(CPACK_DEBIAN_SODNS_DESCRIPTION "DNS server whose every feature is a plugin
sodns reads the Corefile of CoreDNS, opens the plugins that it names as
shared objects, and sends each query down the plugin chain of the zone
that matches it best. Plugins are added and upgraded while it serves.")
set(CPACK_DEBIAN_SODNS_PACKAGE_CONTROL_EXTRA
	"${debian}/conffiles;${debian}/postinst;${debian}/prerm;${debian}/postrm;${debian}/triggers")

set(CPACK_DEBIAN_LIBSODNS-DEV_PACKAGE_NAME libsodns-dev)
set(CPACK_DEBIAN_LIBSODNS-DEV_PACKAGE_SECTION libdevel)
set(CPACK_DEBIAN_LIBSODNS-DEV_PACKAGE_DEPENDS
	"sodns (= ${PROJECT_VERSION}-${CPACK_DEBIAN_PACKAGE_RELEASE}), libc6-dev")
set(CPACK_DEBIAN_LIBSODNS-DEV_PACKAGE_RECOMMENDS "cmake, gcc | c-compiler, make | ninja-build")
set(CPACK_DEBIAN_LIBSODNS-DEV_PACKAGE_SUGGESTS pkg-config)
set(CPACK_DEBIAN_LIBSODNS-DEV_DESCRIPTION "headers, test library and kit for plugins of sodns
What writing a plugin for the DNS server sodns needs: headers, pkg-config
and CMake files, a library for tests without a server, the generator
sodns-new-plugin, examples, and a tutorial, a guide and a reference.")
set(CPACK_DEBIAN_LIBSODNS-DEV_PACKAGE_CONTROL_EXTRA "${debian}/dev/postinst;${debian}/dev/postrm;${debian}/triggers")

# What Debian wants in every package: its copyright and its changes, compressed.
foreach(package sodns libsodns-dev)
	install(FILES ${debian}/copyright DESTINATION ${CMAKE_INSTALL_DATAROOTDIR}/doc/${package} COMPONENT ${package})
	install(CODE "
		set(doc \"\$ENV{DESTDIR}\${CMAKE_INSTALL_PREFIX}/${CMAKE_INSTALL_DATAROOTDIR}/doc/${package}\")
		file(MAKE_DIRECTORY \"\${doc}\")
		execute_process(COMMAND gzip -9nc \"${debian}/changelog\" OUTPUT_FILE \"\${doc}/changelog.Debian.gz\")
		file(CHMOD \"\${doc}/changelog.Debian.gz\" PERMISSIONS OWNER_READ OWNER_WRITE GROUP_READ WORLD_READ)"
		COMPONENT ${package})
	install(FILES ${debian}/${package}.lintian-overrides RENAME ${package} COMPONENT ${package}
		DESTINATION ${CMAKE_INSTALL_DATAROOTDIR}/lintian/overrides)
endforeach()
include(CPack)

# A bill of materials of what is installed: sodns.spdx.json, of the link of this build.
find_program(SODNS_SH NAMES sh)
function(targets_below folder out)
	get_property(all DIRECTORY ${folder} PROPERTY BUILDSYSTEM_TARGETS)
	get_property(folders DIRECTORY ${folder} PROPERTY SUBDIRECTORIES)
	foreach(f ${folders})
		targets_below(${f} more)
		list(APPEND all ${more})
	endforeach()
	set(${out} ${all} PARENT_SCOPE)
endfunction()
targets_below(${CMAKE_SOURCE_DIR} sbom_needs)
add_custom_target(sbom COMMAND ${CMAKE_COMMAND} -E rm -rf sbom-root
	COMMAND ${CMAKE_COMMAND} -E env DESTDIR=${CMAKE_BINARY_DIR}/sbom-root
		${CMAKE_COMMAND} --install ${CMAKE_BINARY_DIR} --component sodns
	COMMAND ${SODNS_SH} -c "'${CMAKE_SOURCE_DIR}/tools/sbom' --linked sbom-root ${PROJECT_VERSION} >sodns.spdx.json"
	WORKING_DIRECTORY ${CMAKE_BINARY_DIR} VERBATIM)
add_dependencies(sbom ${sbom_needs})
