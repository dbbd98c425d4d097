#include "schema/result.h"
