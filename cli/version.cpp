// caractrl version: this program's, and the control plane's if one answers.
#include "cli/request.h"
#include "cli/say.h"
#include "cli/verb.h"
#include "schema/formats.h"

namespace cara::cli {
namespace {

Result<schema::ServerInfo> ask_server(Context& context, const host::Flags& flags) {
  Result<std::unique_ptr<Api>> api = connect(context, flags);
  if (!api) return api.error();
  const auto body = call_with_retries(**api, "server.info", schema::pack_message(schema::Wake{}),
                                      flags.duration("timeout"));
  if (!body) return body.error();
  return schema::unpack_reply<schema::ServerInfo>(*body);
}

Exit version(Context& context, const host::Flags& flags) {
  const Output output = output_of(flags);
  if (output == Output::kTable) context.out << "Client: " << CARA_VERSION << std::endl;
  Map both{{"client", Value(CARA_VERSION)}};
  Exit result = kDone;
  if (!flags.enabled("client")) {
    const Result<schema::ServerInfo> info = ask_server(context, flags);
    if (!info) {
      result = say_error(context, info.error());
    } else if (output == Output::kTable) {
      context.out << "Server: " << schema::printable(info->version) << " (cluster "
                  << schema::printable(info->cluster) << ")\n";
    } else {
      both.push_back({"server", Value(info->version)});
      both.push_back({"cluster", Value(info->cluster)});
    }
  }
  if (output != Output::kTable) context.out << render(Value(std::move(both)), output);
  return result;
}

}  // namespace

const Verb& version_verb() {
  static const Verb kVerb{
      .name = "version",
      .summary = "Show the versions of caractrl and of the control plane",
      .usage = "version [FLAGS]",
      .details =
          "The client's line is printed even if no server answers.\n\n"
          "Examples:\n"
          "  caractrl version\n"
          "  caractrl version --client\n",
      .flags = {output_flag(), switch_flag("client", "Do not ask the server"),
                duration_flag("timeout", "How long to wait for the answer", "3s")},
      .run = version};
  return kVerb;
}

}  // namespace cara::cli
