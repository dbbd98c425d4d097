find_path(VALIJSON_INCLUDE valijson/validator.hpp REQUIRED)
cara_test(test_unit_schema LAYER unit
  SOURCES schema_changes_test.cpp schema_codec_test.cpp schema_compat_test.cpp
          schema_fields_test.cpp schema_fit_test.cpp schema_formats_test.cpp
          schema_json_test.cpp schema_lifecycle_test.cpp schema_manifest_test.cpp
          schema_services_test.cpp schema_permissions_test.cpp schema_subjects_test.cpp
          schema_time_test.cpp
  DEPS cara_schema nlohmann_json::nlohmann_json)
