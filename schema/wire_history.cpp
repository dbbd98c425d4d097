// The messages of history.h and of streams.h.
#include "schema/describe_history.h"
#include "schema/describe_streams.h"
#include "schema/wire_parts.h"

namespace cara::schema {

CARA_MESSAGE(HistoryRequest)
CARA_MESSAGE(HistoryReply)
CARA_MESSAGE(UndoRequest)
CARA_MESSAGE(UndoReply)
CARA_MESSAGE(EventListRequest)
CARA_MESSAGE(EventListReply)
CARA_MESSAGE(EventReportRequest)
CARA_MESSAGE(EventReportReply)
CARA_MESSAGE(StreamRequest)
CARA_MESSAGE(StreamReply)
CARA_MESSAGE(StreamOpen)
CARA_MESSAGE(StreamFrame)
CARA_MESSAGE(NodeUsage)

Value to_value(const RevisionInfo& revision) { return encode(revision); }
Value to_value(const Event& event) { return encode(event); }

}  // namespace cara::schema
