// What people know from docker-compose.yml, in the words of our manifests: for errors.
#pragma once

#include <string>
#include <string_view>

namespace cara::schema {

// What stands for a field of a service in docker-compose.yml, `environment`: "`env: [{name: A,
// value: b}]`"; empty: nothing is known of it, or `path` is no service's.
std::string_view stands_for(std::string_view path, std::string_view compose_field);

// `ports` for the path `spec.services[0].ports[1]`: "{port: 80, hostPort: 8080}", an entry of the
// list as one may write it; empty: none is known.
std::string_view example_entry(std::string_view path);

// `depends_on` as `dependsOn`.
std::string in_camel_case(std::string_view name);

}  // namespace cara::schema
