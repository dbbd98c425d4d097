cara_test(test_unit_cli LAYER unit
  SOURCES cli_bench.cpp cli_fake_api.cpp cli_streams.cpp
          cli_apply_test.cpp cli_backup_test.cpp cli_bus_test.cpp cli_changes_test.cpp
          cli_cluster_info_test.cpp cli_completion_test.cpp cli_contexts_test.cpp cli_copy_test.cpp
          cli_delete_test.cpp cli_describe_test.cpp cli_diff_test.cpp cli_drain_test.cpp
          cli_edit_test.cpp cli_error_report_test.cpp cli_events_test.cpp cli_exec_test.cpp
          cli_explain_test.cpp cli_get_forms_test.cpp cli_get_test.cpp cli_jsonpath_test.cpp
          cli_log_lines_test.cpp cli_logs_test.cpp cli_manifest_test.cpp cli_msgpack_test.cpp
          cli_nodes_test.cpp cli_render_test.cpp cli_rollout_test.cpp cli_selector_test.cpp
          cli_style_test.cpp cli_top_test.cpp cli_usage_test.cpp cli_wait_test.cpp
          cli_watch_test.cpp
  DEPS cara_cli cara_yaml nlohmann_json::nlohmann_json)
