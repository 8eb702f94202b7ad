"""Whole cohorts: the same answers as one by one, from columns.

What SPARQL says of the few states that a criterion can tell apart is asked once and kept in tables; what rules and
verdicts follow from the standings is read from the ontology and computed over columns. Tests hold both against SPARQL.
"""
