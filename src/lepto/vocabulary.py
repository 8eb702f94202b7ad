"""The few IRIs that the program itself must know."""

from __future__ import annotations

from functools import lru_cache
from typing import Final

LEPTO: Final = "https://w3id.org/lepto/"
ONTOLOGY: Final = LEPTO + "ontology"
PATIENT: Final = LEPTO + "Patient"
TREATMENT_COURSE: Final = LEPTO + "TreatmentCourse"
FACT_CODES: Final = LEPTO + "FactCodes"

RDF: Final = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
RDF_TYPE: Final = RDF + "type"
RDF_JSON: Final = RDF + "JSON"

IDENTIFIER: Final = "http://purl.org/dc/terms/identifier"

XSD: Final = "http://www.w3.org/2001/XMLSchema#"
XSD_STRING: Final = XSD + "string"
XSD_BOOLEAN: Final = XSD + "boolean"
XSD_INTEGER: Final = XSD + "integer"
XSD_DECIMAL: Final = XSD + "decimal"
XSD_DATE: Final = XSD + "date"

RDFS: Final = "http://www.w3.org/2000/01/rdf-schema#"
OWL: Final = "http://www.w3.org/2002/07/owl#"
SH: Final = "http://www.w3.org/ns/shacl#"
SKOS: Final = "http://www.w3.org/2004/02/skos/core#"
PROV: Final = "http://www.w3.org/ns/prov#"


@lru_cache(maxsize=10_000)
def local_name(iri: str) -> str:
    """Return the part of an IRI after its last '/', '#' or ':'."""
    return iri.rstrip("/#").replace("#", "/").rsplit("/", 1)[-1].rsplit(":", 1)[-1]
