// Runs a library over charts, one by one, until time is up.
//
//   node run.mjs LIBRARY.elm.json CHARTS.ndjson SECONDS VERDICTS.ndjson
//
// Writes a line a patient: what `Verdicts` says. Prints how many patients were answered in how many seconds, as JSON.
import { createReadStream, createWriteStream, readFileSync } from "node:fs";
import { createInterface } from "node:readline";
import { once } from "node:events";
import cql from "cql-execution";
import fhir from "cql-exec-fhir";

const [elm, charts, seconds, verdicts] = process.argv.slice(2);
const executor = new cql.Executor(new cql.Library(JSON.parse(readFileSync(elm, "utf8")), new cql.Repository({})));
const source = fhir.PatientSource.FHIRv401();
const out = createWriteStream(verdicts);
const begun = process.hrtime.bigint();
let patients = 0;
let passed = 0;
for await (const line of createInterface({ input: createReadStream(charts) })) {
  if (passed >= Number(seconds)) break;
  source.loadBundles([JSON.parse(line)]);
  const { patientResults } = await executor.exec_expression("Verdicts", source);
  for (const [patient, { Verdicts }] of Object.entries(patientResults)) {
    out.write(JSON.stringify({ patient, ...Verdicts }) + "\n");
  }
  source.reset();
  patients += 1;
  passed = Number(process.hrtime.bigint() - begun) / 1e9;
}
out.end();
await once(out, "finish");
console.log(JSON.stringify({ patients, seconds: passed }));
