cara_test(test_unit_scheduler LAYER unit
  SOURCES scheduler_actor_test.cpp scheduler_claims_test.cpp scheduler_index_test.cpp
          scheduler_place_test.cpp
  DEPS cara_scheduler)
