# What a plugin's CMakeLists.txt calls, in sodns's own tree and, by find_package(sodns), everywhere else.
#
# sodns_add_plugin(NAME SOURCES... [LIBRARIES LIB...] [PLACE "after OTHER"] [DIRECTORY FOLDER]): a plugin NAME.so in the build's
# plugins/ folder (FOLDER), which sees <sodns/...> and its own files and exports its registration only. Unknown symbols are
# errors of the link. Installing puts it into sodns's plugin folder, and with PLACE ("before OTHER" or "after OTHER", plugins of
# plugin.cfg) its line into plugin.cfg.d; include/sodns/plugins/NAME.h, what it has for other plugins, beside the SDK's headers.
# A README.md beside CMakeLists.txt whose title is NAME becomes the page sodns-NAME(7).
function(sodns_add_plugin name)
	cmake_parse_arguments(PARSE_ARGV 1 arg "" "DIRECTORY;PLACE" "LIBRARIES")
	set(target plugin_${name})
	add_library(${target} MODULE ${arg_UNPARSED_ARGUMENTS})
	target_link_libraries(${target} PRIVATE sodns::sdk ${arg_LIBRARIES})
	target_compile_features(${target} PRIVATE c_std_11)
	set_target_properties(${target} PROPERTIES PREFIX "" OUTPUT_NAME ${name} C_VISIBILITY_PRESET hidden
		BUILD_RPATH "$ORIGIN/..")
	target_compile_definitions(${target} PRIVATE _GNU_SOURCE)
	target_compile_options(${target} PRIVATE -Wframe-larger-than=8192 -Wvla)
	if(NOT SODNS_SANITIZE)
		target_link_options(${target} PRIVATE -Wl,-z,defs)
	endif()
	if(arg_DIRECTORY)
		set_target_properties(${target} PROPERTIES LIBRARY_OUTPUT_DIRECTORY ${arg_DIRECTORY})
		return()
	endif()
	set_target_properties(${target} PROPERTIES LIBRARY_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/plugins)
	install(TARGETS ${target} LIBRARY DESTINATION ${SODNS_PLUGIN_DIR} COMPONENT sodns)
	if(EXISTS ${CMAKE_CURRENT_SOURCE_DIR}/include/sodns/plugins/${name}.h)
		target_include_directories(${target} PRIVATE include)
		install(FILES include/sodns/plugins/${name}.h DESTINATION ${SODNS_INCLUDE_DIR}/sodns/plugins COMPONENT libsodns-dev)
	endif()
	if(arg_PLACE)
		file(WRITE ${CMAKE_BINARY_DIR}/plugin.cfg.d/${name}.cfg "${name}:${name}.so ${arg_PLACE}\n")
		install(FILES ${CMAKE_BINARY_DIR}/plugin.cfg.d/${name}.cfg DESTINATION ${SODNS_PLUGIN_CFG_DIR} COMPONENT sodns)
	endif()
	set(readme ${CMAKE_CURRENT_SOURCE_DIR}/README.md)
	if(EXISTS ${readme})
		file(STRINGS ${readme} title LIMIT_COUNT 1)
		if(title STREQUAL "# ${name}")
			sodns_add_manual(sodns-${name} 7 ${readme})
		endif()
	endif()
endfunction()

# sodns_add_library(NAME SOURCES... [LIBRARIES LIB...] [DIRECTORY FOLDER]): libsodns-NAME.so.1, which exports a table that
# <sodns/library.h> opens. Installing puts it beside libsodns; one with a FOLDER stays there, in the build.
function(sodns_add_library name)
	cmake_parse_arguments(PARSE_ARGV 1 arg "" "DIRECTORY" "LIBRARIES")
	set(target sodns_${name})
	add_library(${target} SHARED ${arg_UNPARSED_ARGUMENTS})
	target_link_libraries(${target} PRIVATE ${arg_LIBRARIES} sodns::sdk)
	target_compile_features(${target} PRIVATE c_std_11)
	set_target_properties(${target} PROPERTIES OUTPUT_NAME sodns-${name} SOVERSION 1 C_VISIBILITY_PRESET hidden LINKER_LANGUAGE C
		LIBRARY_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR} BUILD_RPATH "$ORIGIN" INSTALL_RPATH "$ORIGIN")
	target_compile_definitions(${target} PRIVATE _GNU_SOURCE)
	target_link_options(${target} PRIVATE -Wl,--as-needed)
	if(arg_DIRECTORY)
		set_target_properties(${target} PROPERTIES LIBRARY_OUTPUT_DIRECTORY ${arg_DIRECTORY})
		return()
	endif()
	install(TARGETS ${target} LIBRARY DESTINATION ${SODNS_LIBRARY_DIR} NAMELINK_SKIP COMPONENT sodns)
endfunction()

# sodns_add_plugin_test(NAME SOURCES...): a program that tests plugin NAME by <sodns/test.h>, run by ctest.
function(sodns_add_plugin_test name)
	set(target ${name}_test)
	add_executable(${target} ${ARGN})
	add_dependencies(${target} plugin_${name})
	target_link_libraries(${target} PRIVATE sodns::test)
	target_compile_features(${target} PRIVATE c_std_11)
	target_compile_definitions(${target} PRIVATE _GNU_SOURCE
		SODNS_TEST_PLUGINS="${name}","$<TARGET_FILE:plugin_${name}>")
	set_target_properties(${target} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/tests)
	add_test(NAME plugin/${name} COMMAND ${target})
	set_tests_properties(plugin/${name} PROPERTIES LABELS unit TIMEOUT 120)
endfunction()

# sodns_add_manual(NAME SECTION FILE [COMPONENT]): the page NAME(SECTION) from a Markdown file, built and installed.
function(sodns_add_manual name section file)
	set(component ${ARGN} sodns)
	list(GET component 0 component)
	set(page ${CMAKE_BINARY_DIR}/man/${name}.${section}.gz)
	add_custom_command(OUTPUT ${page} COMMAND sh ${SODNS_CMAKE_DIR}/sodns-man ${name} ${section} ${SODNS_VERSION} ${file} ${page}
		DEPENDS ${file} ${SODNS_CMAKE_DIR}/sodns-man VERBATIM)
	add_custom_target(man_${name} ALL DEPENDS ${page})
	install(FILES ${page} DESTINATION ${SODNS_MAN_DIR}/man${section} COMPONENT ${component})
endfunction()

# sodns_add_package(NAME CONTACT SUMMARY): what the project installs as a Debian package sodns-NAME, which `cpack` in the build's folder makes.
# Its version is the project's, CONTACT "Name <address>". It depends on the sodns that it was built with, or a newer one of
# the same ABI; its line in plugin.cfg.d is the operator's to change.
function(sodns_add_package name contact summary)
	set(CPACK_GENERATOR DEB)
	set(CPACK_PACKAGE_NAME sodns-${name})
	set(CPACK_PACKAGE_CONTACT "${contact}")
	set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "${summary}")
	set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
	set(CPACK_STRIP_FILES ON)
	set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
	set(CPACK_DEBIAN_PACKAGE_SECTION net)
	set(CPACK_DEBIAN_PACKAGE_DEPENDS "sodns (>= ${SODNS_VERSION})")
	set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
	# libsodns may be in a place of its own.
	get_target_property(library sodns::sdk LOCATION)
	get_filename_component(CPACK_DEBIAN_PACKAGE_SHLIBDEPS_PRIVATE_DIRS "${library}" DIRECTORY)
	set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)
	file(GLOB lines RELATIVE ${CMAKE_BINARY_DIR}/plugin.cfg.d ${CMAKE_BINARY_DIR}/plugin.cfg.d/*.cfg)
	list(TRANSFORM lines PREPEND ${SODNS_PLUGIN_CFG_DIR}/)
	list(JOIN lines "\n" lines)
	file(WRITE ${CMAKE_BINARY_DIR}/debian/conffiles "${lines}\n")
	set(CPACK_DEBIAN_PACKAGE_CONTROL_EXTRA ${CMAKE_BINARY_DIR}/debian/conffiles)
	include(CPack)
endfunction()
