// Rules between the fields of a project's services, volumes, networks and ingress: the parts of
// validate().
#pragma once

#include <vector>

#include "schema/result.h"
#include "schema/types.h"

namespace cara::schema {

void check_volumes(const ProjectSpec& spec, std::vector<FieldError>& errors);
void check_networks(const ProjectSpec& spec, std::vector<FieldError>& errors);
void check_services(const ProjectSpec& spec, std::vector<FieldError>& errors);
void check_ingress(const ProjectSpec& spec, std::vector<FieldError>& errors);
void check_tolerations(const ProjectSpec& spec, std::vector<FieldError>& errors);
void check_update_policy(const ProjectSpec& spec, std::vector<FieldError>& errors);

}  // namespace cara::schema
