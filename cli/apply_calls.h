// What apply, diff and edit share: manifests from -f, and one manifest to the server.
#pragma once

#include <vector>

#include "cli/api.h"
#include "cli/context.h"
#include "cli/manifests.h"
#include "schema/messages.h"
#include "services/runtime/host/flags.h"

namespace cara::cli {

host::FlagSpec manifest_flag();  // `-f`
host::FlagSpec show_env_flag();

// The manifests of -f, all of them right; else what is wrong was said, and `undone`, a sentence
// such as `nothing was applied`. kDone: `manifests` has them.
Exit take_manifests(Context& context, const host::Flags& flags, std::string_view verb,
                    std::string_view undone, std::vector<Manifest>& manifests);

Result<schema::ApplyReply> send(Context& context, Api& api, const Manifest& manifest, bool dry_run,
                                runtime::Duration timeout);

// Says why the server took a manifest for wrong: its fields at their lines, all else as a sentence.
Exit say_refused(Context& context, const Manifest& manifest, const Error& error);

}  // namespace cara::cli
