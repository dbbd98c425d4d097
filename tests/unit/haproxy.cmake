cara_test(test_unit_haproxy LAYER unit
  SOURCES haproxy_config_test.cpp haproxy_routes_test.cpp
  DEPS cara_haproxy)
