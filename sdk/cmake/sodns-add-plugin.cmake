# sodns_add_plugin(NAME SOURCES... [LIBRARIES LIB...]): a plugin NAME.so in the build's plugins/ folder, which sees
# <sodns/...> and its own files and exports its registration only. Unknown symbols are errors of the link.
function(sodns_add_plugin name)
	cmake_parse_arguments(PARSE_ARGV 1 arg "" "DIRECTORY" "LIBRARIES")
	if(NOT arg_DIRECTORY)
		set(arg_DIRECTORY ${CMAKE_BINARY_DIR}/plugins)
	endif()
	set(target plugin_${name})
	add_library(${target} MODULE ${arg_UNPARSED_ARGUMENTS})
	target_link_libraries(${target} PRIVATE sodns_sdk ${arg_LIBRARIES})
	set_target_properties(${target} PROPERTIES PREFIX "" OUTPUT_NAME ${name} C_VISIBILITY_PRESET hidden
		LIBRARY_OUTPUT_DIRECTORY ${arg_DIRECTORY} BUILD_RPATH "$ORIGIN/..")
	target_compile_definitions(${target} PRIVATE _GNU_SOURCE)
	target_compile_options(${target} PRIVATE -Wframe-larger-than=8192 -Wvla)
	if(NOT SODNS_SANITIZE)
		target_link_options(${target} PRIVATE -Wl,-z,defs)
	endif()
endfunction()

# sodns_add_plugin_test(NAME SOURCES...): a program that tests plugin NAME by <sodns/test.h>, run by ctest.
function(sodns_add_plugin_test name)
	set(target ${name}_test)
	add_executable(${target} ${ARGN})
	add_dependencies(${target} plugin_${name})
	target_link_libraries(${target} PRIVATE sodns_sdk)
	target_compile_definitions(${target} PRIVATE _GNU_SOURCE
		SODNS_TEST_PLUGINS="${name}","$<TARGET_FILE:plugin_${name}>")
	set_target_properties(${target} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/tests)
	add_test(NAME plugin/${name} COMMAND ${target})
	set_tests_properties(plugin/${name} PROPERTIES LABELS unit TIMEOUT 120)
endfunction()
