#include "schema/codec.h"
