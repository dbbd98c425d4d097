cara_test(test_unit_runtime LAYER unit
  SOURCES runtime_ids_test.cpp runtime_latency_test.cpp runtime_mirror_test.cpp
          runtime_stream_end_test.cpp
          runtime_work_queue_test.cpp
  DEPS cara_runtime)
