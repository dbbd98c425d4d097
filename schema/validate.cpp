#include "schema/validate.h"
