#include "schema/describe.h"
