cara_test(test_unit_apiserver LAYER unit
  SOURCES apiserver_apply_test.cpp
  DEPS cara_apiserver)
