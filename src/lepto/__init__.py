"""LEPTO: how to start treating a patient with leptomeningeal metastasis, derived by SPARQL from an OWL ontology.

Research software, not a medical device; the guideline's first source is unreviewed.
"""
