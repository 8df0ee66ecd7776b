# collector: reads a session into a database, beside the target or after its end.
find_package(Threads REQUIRED)
add_library(heapscribe_collector STATIC
  capture/capture_writer.cpp capture/section_store.cpp capture/snapshot_store.cpp capture/trace_store.cpp
  collector/budget_reader.cpp collector/census_reader.cpp collector/collector.cpp collector/control.cpp collector/counter_reader.cpp collector/descriptors.cpp
  collector/heartbeat.cpp collector/launch.cpp collector/leftovers.cpp collector/memory_limits.cpp
  collector/pause_reader.cpp
  collector/pool_reader.cpp collector/program_reader.cpp collector/release_reader.cpp collector/request_desk.cpp
  collector/session_file.cpp collector/session_view.cpp collector/snapshot_signal.cpp collector/stack_resolver.cpp
  collector/target_check.cpp collector/target_process.cpp collector/timeline.cpp
  collector/totals.cpp collector/trace_drain.cpp collector/trace_rings.cpp)
target_compile_definitions(heapscribe_collector PRIVATE HEAPSCRIBE_VERSION="${PROJECT_VERSION}")
target_link_libraries(heapscribe_collector
  PUBLIC heapscribe_capture heapscribe_host fmt::fmt Threads::Threads tsl::robin_map
  PRIVATE nlohmann_json::nlohmann_json)
