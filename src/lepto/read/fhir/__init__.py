"""Health records in FHIR R4: bundles, lists, single resources, bulk exports and prefetched data, one record a patient.

Python knows how FHIR says a thing; what it means stands in the ontology (`ontology/intake/`). Nothing is read from
text, nothing is followed outside the input, and what is not used is listed with its reason.
"""
