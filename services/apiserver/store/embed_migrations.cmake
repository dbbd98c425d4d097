# cmake -DOUTPUT=migrations.cpp -DINPUT=a.sql;b.sql -P embed_migrations.cmake
# Puts the migrations into the binary, in the order of their numbers.
list(SORT INPUT)
set(entries "")
foreach(file ${INPUT})
  file(READ ${file} text)
  string(APPEND entries "    R\"sql(${text})sql\",\n")
endforeach()
file(WRITE ${OUTPUT} "// Generated from store/migrations/*.sql.
#include \"services/apiserver/store/migrations.h\"

namespace cara::apiserver {
namespace {
constexpr std::string_view kMigrations[] = {
${entries}};
}  // namespace

std::span<const std::string_view> migrations() { return kMigrations; }

}  // namespace cara::apiserver
")
