// Which variables are likely to hold a secret. Their values are not shown where nobody asked for
// them.
#pragma once

#include <string>
#include <string_view>

#include "schema/types.h"

namespace cara::schema {

// A part of the name says so, in any case: PASSWORD, SECRET, TOKEN, KEY, ...
bool is_secret_name(std::string_view name);

// `text` without the values of such variables of the project: logs and errors repeat them.
std::string mask_secrets(const ProjectSpec& spec, std::string text);

inline constexpr std::string_view kHidden = "<hidden>";

}  // namespace cara::schema
