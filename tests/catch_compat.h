// Catch2 v2 (Debian 12) and v3 name their header differently; everything else we use is common.
#pragma once

#ifdef CARA_CATCH2_V2
#include <catch2/catch.hpp>
#else
#include <catch2/catch_all.hpp>
#endif
