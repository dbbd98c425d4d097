cara_test(test_unit_docker LAYER unit
  SOURCES docker_bad_days_test.cpp docker_config_test.cpp
          docker_container_json_test.cpp docker_errors_test.cpp
          docker_events_test.cpp docker_image_ledger_test.cpp docker_json_test.cpp
          docker_logs_test.cpp docker_machine_test.cpp docker_pulls_test.cpp
          docker_reference_test.cpp docker_streams_test.cpp docker_subnets_test.cpp
          fake_docker.cpp
  DEPS cara_docker_streams nlohmann_json::nlohmann_json Threads::Threads)
