// Host names in any script as they travel in HTTP and DNS.
#pragma once

#include <string>
#include <string_view>

#include "schema/result.h"

namespace cara::schema {

// Lower case ASCII, without a dot at the end: `München.Example.` becomes `xn--mnchen-3ya.example`
// (UTS #46, non-transitional). Whether it is a host name is for check_format to say.
Result<std::string> ascii_host(std::string_view text);

}  // namespace cara::schema
