cara_test(test_unit_agent LAYER unit
  SOURCES agent_world.cpp
          agent_crash_test.cpp agent_drain_test.cpp agent_images_test.cpp agent_ingress_test.cpp
          agent_lease_test.cpp agent_node_test.cpp agent_offline_test.cpp agent_plan_test.cpp
          agent_pressure_test.cpp agent_projects_test.cpp agent_report_test.cpp
          agent_services_test.cpp agent_strays_test.cpp agent_streams_test.cpp
          agent_updates_test.cpp
  DEPS cara_agent cara_model_engine)
