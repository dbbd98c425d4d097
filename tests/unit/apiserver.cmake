cara_test(test_unit_apiserver LAYER unit
  SOURCES apiserver_world.cpp
          apiserver_apply_test.cpp apiserver_backup_test.cpp apiserver_bus_test.cpp
          apiserver_change_test.cpp apiserver_cluster_test.cpp apiserver_events_test.cpp
          apiserver_lifecycle_test.cpp apiserver_migrations_test.cpp apiserver_nodes_test.cpp
          apiserver_permissions_test.cpp apiserver_placement_test.cpp apiserver_restore_test.cpp
          apiserver_rollout_test.cpp apiserver_routes_test.cpp apiserver_store_test.cpp
          apiserver_streams_test.cpp
  DEPS cara_apiserver)
