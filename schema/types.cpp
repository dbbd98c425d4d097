#include "schema/types.h"
