#include "schema/formats.h"
