# The guest: everything that runs inside the target, as one preloaded library. It brings no libstdc++,
# no libgcc_s and no libunwind into the process: what it needs of them is linked in and hidden.

set(HEAPSCRIBE_GUEST_SOURCES
  platform/no_exceptions.cpp platform/kernel_signal.cpp platform/mappings.cpp platform/notice.cpp platform/own_code.cpp platform/pages.cpp
  config.cpp
  bootstrap/break_pieces.cpp bootstrap/early_events.cpp bootstrap/early_heap.cpp bootstrap/process_phase.cpp bootstrap/real_functions.cpp
  bootstrap/recording_scope.cpp
  bootstrap/thread_state.cpp
  memory/heap.cpp memory/huge.cpp memory/magazines.cpp memory/pool.cpp memory/range.cpp memory/slabs.cpp
  memory/slots.cpp memory/statistics.cpp
  unwind/call_frame_info.cpp unwind/remembered_stack.cpp unwind/rule_cache.cpp platform/stack_bounds.cpp
  unwind/unwinder_boost.cpp
  unwind/unwinder_libunwind.cpp  unwind/unwinder_rules.cpp
  record/block_table.cpp record/interruption.cpp record/module_list.cpp record/moments.cpp record/pauses.cpp record/peak.cpp record/budget.cpp record/release_rows.cpp record/root_regions.cpp record/sampling.cpp record/sections.cpp record/session.cpp record/small_blocks.cpp
  record/stack_table.cpp record/recorders.cpp record/thread_id.cpp record/thread_recorder.cpp
  record/thread_samples.cpp record/trace_ring.cpp
  census/block_list.cpp census/census.cpp census/departure.cpp census/dominators.cpp census/interior_pointer.cpp census/marker.cpp
  census/memory_map.cpp census/roots.cpp census/task_file.cpp census/threads.cpp census/waiting_call.cpp
  hooks/allocation.cpp hooks/loader.cpp hooks/locking.cpp hooks/operator_new.cpp hooks/process.cpp hooks/program.cpp hooks/sample.cpp hooks/sandbox.cpp
  launch_collector.cpp use_pool.cpp entry.cpp)

# The same sources for the unit tests, which call them from an ordinary program.
set(HEAPSCRIBE_GUEST_PARTS ${HEAPSCRIBE_GUEST_SOURCES})
list(FILTER HEAPSCRIBE_GUEST_PARTS EXCLUDE REGEX "^(hooks/|entry|use_pool|launch_collector|platform/no_exceptions)")
add_library(heapscribe_guest_parts STATIC ${HEAPSCRIBE_GUEST_PARTS})
target_link_libraries(heapscribe_guest_parts PUBLIC heapscribe_host)
target_compile_definitions(heapscribe_guest_parts PRIVATE _GNU_SOURCE)

add_library(heapscribe_guest SHARED ${HEAPSCRIBE_GUEST_SOURCES})
# One event passes through many small functions in several files.
set_target_properties(heapscribe_guest PROPERTIES OUTPUT_NAME heapscribe INTERPROCEDURAL_OPTIMIZATION ON)
target_link_libraries(heapscribe_guest PRIVATE heapscribe_build)
target_compile_definitions(heapscribe_guest PRIVATE _GNU_SOURCE)
target_compile_options(heapscribe_guest PRIVATE
  -O2 -fno-exceptions -fno-rtti -fno-threadsafe-statics -fvisibility=hidden -fno-builtin-malloc
  -ftls-model=initial-exec -fasynchronous-unwind-tables -fno-plt -Wframe-larger-than=4096)
target_link_options(heapscribe_guest PRIVATE
  -static-libstdc++ -static-libgcc
  -Wl,--version-script=${CMAKE_CURRENT_SOURCE_DIR}/exports.map
  -Wl,-Bsymbolic -Wl,--exclude-libs,ALL -Wl,-z,nodelete -Wl,-z,now -Wl,--no-undefined
  -Wl,--gc-sections)
target_link_libraries(heapscribe_guest PRIVATE -lgcc_eh)
set_target_properties(heapscribe_guest PROPERTIES
  LINK_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/exports.map)
