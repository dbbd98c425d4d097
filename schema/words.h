// Words for lists of names and for names that are none.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace cara::schema {

// `a, b, c`
std::string joined(const std::vector<std::string>& names);

// To be written behind a sentence about the unknown `name`: "; did you mean `web`?" if one of
// `known` is near, else `otherwise` behind a `; `, else nothing.
std::string hint_for(std::string_view name, const std::vector<std::string>& known,
                     const std::string& otherwise = "");

}  // namespace cara::schema
