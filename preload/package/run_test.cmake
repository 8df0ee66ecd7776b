# What a test of heapscribe_add_test does. Its script has set HEAPSCRIBE, DATABASE, the limits, and
# the words of COMMAND and OPTIONS: <keyword>_1 to <keyword>_<keyword>_COUNT.
cmake_minimum_required(VERSION 3.19)

# The words as a shell reads them. execute_process() would take some words for its own keywords, and
# a list changes empty words and words with brackets.
function(quote result)
  set(quoted "")
  set(at 1)
  while(at LESS ARGC)
    string(REPLACE "'" "'\\''" word "${ARGV${at}}")
    string(APPEND quoted " '${word}'")
    math(EXPR at "${at} + 1")
  endwhile()
  string(SUBSTRING "${quoted}" 1 -1 quoted)
  set(${result} "${quoted}" PARENT_SCOPE)
endfunction()

function(quote_words result keyword)
  set(quoted "")
  set(number 0)
  while(number LESS ${keyword}_COUNT)
    math(EXPR number "${number} + 1")
    quote(word "${${keyword}_${number}}")
    string(APPEND quoted " ${word}")
  endwhile()
  set(${result} "${quoted}" PARENT_SCOPE)
endfunction()

quote(heapscribe "${HEAPSCRIBE}")
quote(database "${DATABASE}")

# What heapscribe answers to a question, which is written for a shell.
function(ask result question)
  execute_process(COMMAND sh -c "exec ${heapscribe} ${question}"
    OUTPUT_VARIABLE answer RESULT_VARIABLE status)
  if(NOT status EQUAL 0)
    message(FATAL_ERROR "heapscribe ${question} failed: ${status}")
  endif()
  set(${result} "${answer}" PARENT_SCOPE)
endfunction()

# The value of an SQL expression.
function(query result expression)
  quote(sql "SELECT ${expression} AS answer")
  ask(rows "query ${database} ${sql} --format json")
  string(JSON value GET "${rows}" 0 answer)
  set(${result} "${value}" PARENT_SCOPE)
endfunction()

function(query_property result key absent)
  query(value "ifnull((SELECT value FROM recording WHERE key = '${key}'), '${absent}')")
  set(${result} "${value}" PARENT_SCOPE)
endfunction()

# The program ----------------------------------------------------------------------------------------

quote_words(options OPTIONS)
quote_words(command COMMAND)
execute_process(
  COMMAND sh -c "exec ${heapscribe} run --quiet --force${options} -o ${database} --${command}"
  RESULT_VARIABLE status)
if(NOT status EQUAL 0)
  # A shell's 128 + n may also be what the program itself gave to exit.
  if(status MATCHES "^[0-9]+$" AND status GREATER 128)
    query_property(kind end_kind "")
    query_property(signal end_status "")
    if(kind STREQUAL "signaled")
      message(FATAL_ERROR "the program failed: signal ${signal}")
    endif()
  endif()
  message(FATAL_ERROR "the program failed: ${status}")
endif()

# Its limits -----------------------------------------------------------------------------------------

# Every limit is looked at, so that one run tells all.
set(failures "")
function(show_more report)
  ask(places "${report} --limit 5")
  message("${places}\nThe recording is ${DATABASE}. Read on:\n  ${heapscribe} ${report}")
endfunction()
macro(fail sentence)
  list(APPEND failures "${sentence}")
endmacro()

if(DEFINED MAX_ALLOCATIONS)
  query_property(allocations allocations 0)
  query_property(unrecorded unrecorded_allocations 0)
  if(allocations EQUAL 0 AND unrecorded GREATER 0)
    fail("recording was paused throughout: none of ${unrecorded} allocations can be held against MAX_ALLOCATIONS")
  elseif(allocations GREATER MAX_ALLOCATIONS)
    show_more("hotspots ${database} --by allocations --group function")
    fail("${allocations} allocations, at most ${MAX_ALLOCATIONS} are allowed")
  endif()
endif()
if(DEFINED MAX_LEAKED_BLOCKS)
  query_property(leak_check leak_check none)
  query(lost "(SELECT ifnull(sum(blocks), 0) FROM block_class WHERE class IN ('definite', 'indirect'))")
  if(NOT leak_check STREQUAL "complete")
    fail("no leak check was made: ${leak_check}")
  elseif(lost GREATER MAX_LEAKED_BLOCKS)
    show_more("leaks ${database}")
    fail("${lost} blocks are lost, at most ${MAX_LEAKED_BLOCKS} are allowed")
  endif()
endif()
if(DEFINED BASELINE)
  quote(baseline "${BASELINE}")
  execute_process(COMMAND sh -c "exec ${heapscribe} check ${database} --baseline ${baseline}"
    RESULT_VARIABLE status)
  if(status EQUAL 1)
    fail("it takes more than the baseline has")
  elseif(NOT status EQUAL 0)
    fail("it cannot be held against the baseline")
  endif()
  if(NOT status EQUAL 0)
    message("To make this the baseline:\n  ${heapscribe} check ${database} --baseline ${baseline} --update")
  endif()
endif()
if(failures)
  list(JOIN failures "; " sentence)
  message(FATAL_ERROR "${sentence}")
endif()
