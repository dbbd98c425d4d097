#include "schema/lifecycle.h"
