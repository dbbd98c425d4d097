#include "schema/check.h"
