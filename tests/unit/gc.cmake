cara_test(test_unit_gc LAYER unit
  SOURCES gc_actor_test.cpp gc_sweep_test.cpp
  DEPS cara_gc)
