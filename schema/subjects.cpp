#include "schema/subjects.h"
