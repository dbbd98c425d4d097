// Proves that micro_schema.mjs finds what is wrong: each of these replies has one mistake.
import { problemsOf } from "./micro_schema.mjs";

const ping = { type: "io.nats.micro.v1.ping_response", name: "a", id: "1", version: "1.2.3-rc.1+b",
               metadata: { a: "b" } };
const endpoint = { name: "e", subject: "s" };
const info = { ...ping, type: "io.nats.micro.v1.info_response", description: "",
               endpoints: [endpoint] };
const counted = { ...endpoint, num_requests: 1, num_errors: 0, last_error: "", processing_time: 5,
                  average_processing_time: 5, data: {} };
const stats = { ...ping, type: "io.nats.micro.v1.stats_response", endpoints: [counted],
                started: "2024-02-03T04:05:06.7Z" };
const right = { ping, info, stats };

const mistakes = [
  ["ping", { type: "ping" }], ["ping", { name: "a.b" }], ["ping", { name: undefined }],
  ["ping", { id: "" }], ["ping", { version: "1" }], ["ping", { version: "01.2.3" }],
  ["ping", { version: "1.2.3-" }], ["ping", { metadata: { a: 1 } }], ["ping", { metadata: [] }],
  ["info", { description: undefined }], ["info", { endpoints: undefined }],
  ["info", { endpoints: [{ name: "e" }] }], ["info", { endpoints: [{ ...endpoint, name: "e f" }] }],
  ["stats", { started: "2024-02-03 04:05:06" }], ["stats", { started: 1706933106 }],
  ...["num_requests", "num_errors", "last_error", "processing_time", "average_processing_time"].map(
    (field) => ["stats", { endpoints: [{ ...counted, [field]: undefined }] }]),
  ["stats", { endpoints: [{ ...counted, processing_time: 0.5 }] }],
  ["stats", { endpoints: [{ ...counted, num_requests: "1" }] }],
  ["stats", { endpoints: [{ ...counted, data: 7 }] }],
];
const missed = mistakes.filter(
  ([verb, mistake]) => problemsOf({ ...right[verb], ...mistake }, verb).length !== 1);
const blamed = Object.keys(right).filter((verb) => problemsOf(right[verb], verb).length > 0);
missed.forEach((mistake) => console.log(`not found: ${JSON.stringify(mistake)}`));
blamed.forEach((verb) => console.log(`found where nothing is: ${problemsOf(right[verb], verb)}`));
process.exit(missed.length + blamed.length > 0 ? 1 : 0);
