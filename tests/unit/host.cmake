cara_test(test_unit_host LAYER unit
  SOURCES host_deadlines_test.cpp host_flags_test.cpp host_logging_test.cpp host_mailbox_test.cpp
          host_micro_test.cpp host_yaml_test.cpp
  DEPS cara_host cara_yaml cara_schema nlohmann_json::nlohmann_json)
