// From CQL (standard input) to ELM (standard output), for FHIR R4.
import { CqlTranslator, LibraryManager, ModelManager, createModelInfoProvider, stringAsSource } from "@cqframework/cql/cql-to-elm";
import { SystemModelInfoProvider } from "@cqframework/cql/cql";
import { readFileSync } from "node:fs";

const models = new ModelManager();
models.modelInfoLoader.registerModelInfoProvider(new SystemModelInfoProvider());
models.modelInfoLoader.registerModelInfoProvider(
  createModelInfoProvider((id, system, version) =>
    id === "FHIR"
      ? stringAsSource(readFileSync(new URL(`node_modules/cql-exec-fhir/lib/modelInfos/fhir-modelinfo-${version}.xml`, import.meta.url), "utf8"))
      : null,
  ),
);
const translator = CqlTranslator.fromText(readFileSync(0, "utf8"), new LibraryManager(models));
const errors = translator.errors.asJsReadonlyArrayView();
for (const error of errors) {
  console.error(`${error.locator?.toLocator?.() ?? ""}: ${error.message}`);
}
process.stdout.write(translator.toJson());
process.exitCode = errors.length ? 1 : 0;
