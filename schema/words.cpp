#include "schema/words.h"

#include "schema/describe.h"

namespace cara::schema {

std::string joined(const std::vector<std::string>& names) {
  std::string text;
  for (const std::string& name : names) text += (text.empty() ? "" : ", ") + name;
  return text;
}

std::string hint_for(std::string_view name, const std::vector<std::string>& known,
                     const std::string& otherwise) {
  const std::string near = nearest_name(name, known);
  if (!near.empty()) return "; did you mean `" + near + "`?";
  return otherwise.empty() ? "" : "; " + otherwise;
}

}  // namespace cara::schema
