# heapscribe_add_test(NAME name COMMAND program [arguments...]
#                     [MAX_ALLOCATIONS n]    fails if the program allocates more often
#                     [MAX_LEAKED_BLOCKS n]  fails if more blocks are lost at its end
#                     [BASELINE file]        fails if it takes more than the file has, see heapscribe
#                                            check; then says the command that updates or makes it
#                     [OPTIONS options...])  of heapscribe run
#
# A test of CTest that runs the program under heapscribe. It fails if the program does, or if a limit
# is exceeded; then it says where. The recording stays in the build folder as NAME.heapscribe.db.
set(HEAPSCRIBE_TEST_SCRIPT ${CMAKE_CURRENT_LIST_DIR}/run_test.cmake)

function(heapscribe_add_test)
  cmake_parse_arguments(PARSE_ARGV 0 test "" "NAME;MAX_ALLOCATIONS;MAX_LEAKED_BLOCKS;BASELINE"
    "COMMAND;OPTIONS")
  if(NOT test_NAME OR NOT test_COMMAND)
    message(FATAL_ERROR "heapscribe_add_test: NAME and COMMAND are needed")
  endif()
  if(test_UNPARSED_ARGUMENTS)
    message(FATAL_ERROR "heapscribe_add_test: unknown arguments: ${test_UNPARSED_ARGUMENTS}")
  endif()
  # The first word may be a target; a semicolon in a word stays one.
  set(command "")
  foreach(word IN LISTS test_COMMAND)
    if(command STREQUAL "" AND TARGET "${word}")
      set(word $<TARGET_FILE:${word}>)
    endif()
    string(REPLACE ";" "\\;" word "${word}")
    list(APPEND command "${word}")
  endforeach()
  set(limits "")
  foreach(limit IN ITEMS MAX_ALLOCATIONS MAX_LEAKED_BLOCKS)
    if(DEFINED test_${limit})
      list(APPEND limits -D${limit}=${test_${limit}})
    endif()
  endforeach()
  if(DEFINED test_BASELINE)
    get_filename_component(baseline ${test_BASELINE} ABSOLUTE)
    list(APPEND limits -DBASELINE=${baseline})
  endif()
  if(test_OPTIONS)
    string(REPLACE ";" " " options "${test_OPTIONS}")
    list(APPEND limits "-DOPTIONS=${options}")
  endif()
  add_test(NAME ${test_NAME} COMMAND ${CMAKE_COMMAND}
    -DHEAPSCRIBE=${HEAPSCRIBE_COMMAND}
    -DDATABASE=${CMAKE_CURRENT_BINARY_DIR}/${test_NAME}.heapscribe.db
    ${limits} -P ${HEAPSCRIBE_TEST_SCRIPT} -- ${command})
endfunction()
