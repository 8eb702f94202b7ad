"""Mutation of the guideline: one change at a time to the ontology or to the shapes on patients, which cases or laws
must catch. `scripts/mutate` runs it.
"""
