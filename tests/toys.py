"""Toys for the shapes on annotations and rules: copies of sound things of the ontology, each with one fault."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from pyoxigraph import BlankNode, NamedNode, RdfFormat, Triple, parse

from lepto.vocabulary import LEPTO, local_name

PREFIXES = """
@prefix bibo: <http://purl.org/ontology/bibo/> .
@prefix dcterms: <http://purl.org/dc/terms/> .
@prefix lepto: <https://w3id.org/lepto/> .
@prefix oa: <http://www.w3.org/ns/oa#> .
@prefix owl: <http://www.w3.org/2002/07/owl#> .
@prefix prov: <http://www.w3.org/ns/prov#> .
@prefix rdf: <http://www.w3.org/1999/02/22-rdf-syntax-ns#> .
@prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> .
@prefix skos: <http://www.w3.org/2004/02/skos/core#> .
@prefix vann: <http://purl.org/vocab/vann/> .
@prefix xsd: <http://www.w3.org/2001/XMLSchema#> .
"""


@dataclass(frozen=True)
class Toy:
    """A copy of a sound thing with one fault.

    `like` names the sound thing. The copy, and the unnamed nodes that hang on it, lack the properties in `without`;
    `plus` is Turtle in which <> is the copy, <#hasTarget> and <#hasSelector> are such nodes, by the property that leads
    to them. `also` names the other shapes that cannot but find the fault too.
    """

    like: str
    without: str = ""
    plus: str = ""
    also: str = ""

    def triples(self, shape: str, ontology: Iterable[Triple]) -> Iterator[Triple]:
        """The triples of the toy for one shape, out of those of the ontology."""
        copy = LEPTO + "Toy" + shape
        lacks = {term.predicate.value for name in self.without.split() for term in _turtle(f"<> {name} <> .", copy)}
        names: dict[object, NamedNode] = {NamedNode(LEPTO + self.like): NamedNode(copy)}
        given = list(ontology)
        for term in names.copy():
            names |= {triple.object: node for triple, node in _unnamed(given, term, copy)}
        for term in list(names):
            names |= {triple.object: node for triple, node in _unnamed(given, term, copy)}
        for triple in given:
            if triple.subject in names and triple.predicate.value not in lacks:
                yield Triple(names[triple.subject], triple.predicate, names.get(triple.object, triple.object))
        yield from _turtle(self.plus, copy)


def _unnamed(given: list[Triple], term: object, copy: str) -> Iterator[tuple[Triple, NamedNode]]:
    for triple in given:
        if triple.subject == term and isinstance(triple.object, BlankNode):
            yield triple, NamedNode(f"{copy}#{local_name(triple.predicate.value)}")


def _turtle(text: str, base: str) -> Iterator[Triple]:
    for quad in parse(PREFIXES + text, format=RdfFormat.TURTLE, base_iri=base):
        yield quad.triple


RULES = {
    # Every rule
    "Rule": Toy("OfferOsimertinib", plus="<> a lepto:Bar .", also="BarAction BarStrength"),
    "RuleGuideline": Toy("OfferOsimertinib", without="lepto:partOfGuideline"),
    "RulePathway": Toy("OfferOsimertinib", plus="<> lepto:withinPathway lepto:PoorPathway ."),
    "RuleLabel": Toy("OfferOsimertinib", without="rdfs:label"),
    "RuleDefinition": Toy("OfferOsimertinib", plus='<> skos:definition "Another."@en .'),
    "RuleRequirement": Toy("OfferOsimertinib", plus="<> lepto:requires lepto:LungTumour ."),
    "RuleException": Toy("OfferOsimertinib", plus="<> lepto:unless lepto:LungTumour ."),
    "RuleOverriding": Toy(
        "OfferOsimertinib", plus="<> lepto:overrides lepto:Osimertinib .", also="SameGuidelineAndAction"
    ),
    "RuleMaterial": Toy("BarIntrathecalMethotrexateWithWholeBrainRadiotherapy", without="lepto:basedOnEvidence"),
    "RuleReading": Toy("BarIntrathecalMethotrexateWithWholeBrainRadiotherapy", without="lepto:basedOnResolution"),
    "SupportingClaim": Toy("OfferOsimertinib", plus="<> lepto:basedOnClaim lepto:R13 ."),
    "SupportingResolution": Toy("OfferOsimertinib", plus="<> lepto:basedOnResolution lepto:C17 ."),
    "SupportingEvidence": Toy("OfferOsimertinib", plus="<> lepto:basedOnEvidence lepto:C17 ."),
    "SameGuidelineAndAction": Toy("OfferOsimertinib", plus="<> lepto:overrides lepto:OfferAumolertinib ."),
    # Offers, bars, asks
    "OfferAction": Toy("OfferOsimertinib", plus="<> lepto:offers lepto:Aumolertinib ."),
    "OfferStrength": Toy("OfferOsimertinib", "lepto:strength", "<> lepto:strength lepto:Avoid ."),
    "BarAction": Toy("BarIntrathecalChemotherapyInPoorPrognosis", without="lepto:bars"),
    "BarStrength": Toy("BarIntrathecalChemotherapyInPoorPrognosis", plus="<> lepto:strength lepto:Contraindicated ."),
    "AskFact": Toy("AskForEgfrVariant", "lepto:asksFor", "<> lepto:asksFor lepto:outranks ."),
    "AskQuestion": Toy("AskForEgfrVariant", "lepto:question", '<> lepto:question "Which variant"@en .'),
    "AskBlocking": Toy("AskForEgfrVariant", "lepto:blocking", '<> lepto:blocking "no" .'),
    "AskDecides": Toy("AskForEgfrVariant", without="lepto:decides"),
    "AskEvenIfStated": Toy("AskForEgfrVariant", "lepto:asksEvenIfStated", '<> lepto:asksEvenIfStated "yes" .'),
    "AskStrength": Toy("AskForEgfrVariant", plus="<> lepto:strength lepto:Recommended ."),
    # Guideline and pathways
    "GuidelineSource": Toy(
        "InitialTreatment", "prov:wasDerivedFrom", "lepto:CaveatProfessionalUse lepto:partOfGuideline <> ."
    ),
    "GuidelineCaveats": Toy("InitialTreatment"),
    "PathwayEntry": Toy("PoorPathway", plus="<> lepto:entryCriterion lepto:LungTumour ."),
    "PathwaySurrounding": Toy("PoorPathway", plus="<> lepto:withinPathway lepto:GuidelineScope ."),
    # Assumptions, cautions, caveats
    "AssumptionDenial": Toy("AssumeCourseWithoutEndIsCurrent", plus="<> lepto:denies lepto:LungTumour ."),
    "AssumptionStatement": Toy("AssumeCourseWithoutEndIsCurrent", without="lepto:statement"),
    "AssumptionResolution": Toy("AssumeCourseWithoutEndIsCurrent", without="lepto:basedOnResolution"),
    "AssumptionRequest": Toy("AssumeCourseWithoutEndIsCurrent", plus="<> lepto:asksFor lepto:outranks ."),
    "AcceptedFindingKind": Toy("AcceptCourseNotListed", without="lepto:findingKind"),
    "AcceptedFindingConcern": Toy("AcceptCourseNotListed", without="lepto:concerns"),
    "AcceptedFindingReason": Toy("AcceptCourseNotListed", plus='<> lepto:statement "Another."@en .'),
    "AcceptedFindingResolution": Toy("AcceptCourseNotListed", without="lepto:basedOnResolution"),
    "CautionAction": Toy("CautionPreservativeFree", without="lepto:cautionsOn"),
    "CautionStatement": Toy("CautionPreservativeFree", plus='<> lepto:statement "Another."@en .'),
    "CautionCriterion": Toy("CautionPreservativeFree", plus="<> lepto:appliesTo lepto:LungTumour ."),
    "RemarkSupport": Toy(
        "CautionPreservativeFree", without="lepto:basedOnClaim lepto:basedOnResolution lepto:basedOnEvidence"
    ),
    "CaveatGuideline": Toy("CaveatProfessionalUse", without="lepto:partOfGuideline"),
    "CaveatStatement": Toy("CaveatProfessionalUse", without="lepto:statement"),
    # Prognosis
    "PrognosisGuideline": Toy("PrognosisCsfProtein", without="lepto:partOfGuideline"),
    "PrognosisStatement": Toy("PrognosisCsfProtein", without="lepto:statement"),
    "PrognosisPopulation": Toy("PrognosisCsfProtein", without="lepto:population"),
    "PrognosisCriterion": Toy("PrognosisCsfProtein", without="lepto:appliesTo"),
    "PrognosisClaim": Toy("PrognosisCsfProtein", without="lepto:basedOnClaim"),
    "PrognosisEvidence": Toy("PrognosisCsfProtein", without="lepto:basedOnEvidence"),
    "PrognosisTriggersNothing": Toy("PrognosisCsfProtein", plus="<> lepto:basedOnClaim lepto:C12 ."),
    # Regimens
    "Regimen": Toy("IntrathecalMethotrexateRegimen", without="lepto:doseUnit"),
    "RegimenTreatment": Toy("IntrathecalMethotrexateRegimen", without="lepto:regimenOf"),
    "RegimenClaim": Toy("IntrathecalMethotrexateRegimen", without="lepto:basedOnClaim"),
    "RegimenPhase": Toy("IntrathecalMethotrexateRegimen", plus="<> lepto:hasPhase lepto:Fractionation30In10 ."),
    "RegimenFractionation": Toy(
        "PalliativeFocalRadiotherapyRegimen", plus="<> lepto:hasFractionation lepto:MethotrexateInduction ."
    ),
    "Phase": Toy("MethotrexateInduction", "lepto:durationInPeriods", "lepto:ToyRegimen lepto:hasPhase <> ."),
    "PhaseRegimen": Toy("MethotrexateInduction"),
    "PhaseDoses": Toy("MethotrexateInduction", "lepto:dosesPerPeriod", "lepto:ToyRegimen lepto:hasPhase <> ."),
    "PhasePeriod": Toy(
        "MethotrexateInduction", "lepto:periodUnit", 'lepto:ToyRegimen lepto:hasPhase <> . <> lepto:periodUnit "week" .'
    ),
    "PhaseOpenEnded": Toy("MethotrexateInduction", "lepto:openEnded", "lepto:ToyRegimen lepto:hasPhase <> ."),
    "PhaseNext": Toy(
        "MethotrexateInduction", plus="lepto:ToyRegimen lepto:hasPhase <> . <> lepto:followedBy lepto:ToyPhaseNext ."
    ),
    "FractionationDose": Toy("Fractionation30In10", without="lepto:doseValue"),
    "FractionationUnit": Toy("Fractionation30In10", "lepto:doseUnit", '<> lepto:doseUnit "cGy" .'),
    "FractionationFractions": Toy("Fractionation30In10", "lepto:fractions", '<> lepto:fractions "ten" .'),
    "FractionationSupport": Toy("Fractionation30In10", without="lepto:basedOnClaim"),
    "ThreeGrayPerFraction": Toy("Fractionation30In10", "lepto:fractions", "<> lepto:fractions 12 ."),
    # Claims
    "ClaimKind": Toy("C07", without="lepto:claimKind"),
    "ClaimParaphrase": Toy("C07", without="lepto:paraphrase"),
    "ClaimStrengthAsWorded": Toy("C07", without="lepto:strengthAsWorded"),
    "ClaimCitation": Toy("C07", plus='<> lepto:citesNumber "1" .'),
    "ClaimTarget": Toy("C07", without="oa:hasTarget"),
    "PlaceSource": Toy("C07", without="oa:hasSource"),
    "PlaceSelector": Toy("C07", without="oa:hasSelector"),
    "PlaceChecksum": Toy("C07", "lepto:sha256", '<#hasTarget> lepto:sha256 "49230351F2" .'),
    "PositionStart": Toy("C07", without="oa:start"),
    "PositionEnd": Toy("C07", without="oa:end"),
    "StartBeforeEndOfPlace": Toy("C07", "oa:end", "<#hasSelector> oa:end 1 ."),
    # Resolutions, discrepancies, references
    "ResolutionQuestion": Toy("R05", without="lepto:question"),
    "ResolutionReading": Toy("R05", without="lepto:resolvedAs"),
    "ResolutionRationale": Toy("R05", without="lepto:rationale"),
    "DiscrepancyKind": Toy("D09", without="lepto:disagreementKind"),
    "DiscrepancyClaim": Toy("D09", plus="<> lepto:concernsClaim lepto:R05 ."),
    "DiscrepancySourceSide": Toy("D09", without="lepto:sourceSays"),
    "DiscrepancyPrimarySide": Toy("D09", without="lepto:primaryMaterialSays"),
    "DiscrepancyCarriage": Toy("D09", without="lepto:carriedAs"),
    "ReferenceNumber": Toy("Reference1", without="lepto:printedNumber"),
    "ReferenceTitle": Toy("Reference1", without="dcterms:title"),
    "ReferenceList": Toy("Reference1", without="prov:wasDerivedFrom"),
    # Evidence
    "EvidenceTitle": Toy("E03", without="dcterms:title"),
    "EvidenceKind": Toy("E03", plus="<> lepto:evidenceKind lepto:ClinicalTrial ."),
    "EvidenceVerification": Toy("E03", without="lepto:verification"),
    "EvidenceDirectness": Toy("E03", plus="<> lepto:directness lepto:IndirectEvidence ."),
    "EvidenceDesign": Toy("E03", without="lepto:design"),
    "EvidencePopulation": Toy("E03", without="lepto:population"),
    "EvidenceDoi": Toy("E03", "lepto:doi", '<> lepto:doi "doi:10.1136/esmoopen" .'),
    "EvidencePubmedIdentifier": Toy("E03", plus='<> lepto:pubmedIdentifier "PMC1" .'),
    "EvidenceChecksum": Toy("E03", plus='<> lepto:sha256 "49230351F2" .'),
    "Appraisal": Toy("AppraisalOfC50", without="lepto:basedOnEvidence"),
    "AppraisalClaim": Toy("AppraisalOfC50", without="lepto:appraises"),
    "AppraisalAssessor": Toy("AppraisalOfC50", "lepto:assessor", "<> lepto:assessor lepto:ToyGuideline ."),
    "AppraisalCertainty": Toy("AppraisalOfC50", plus="<> lepto:certainty lepto:HighCertainty ."),
    "AppraisalLevel": Toy("AppraisalOfC50", without="lepto:levelOfEvidence"),
    "ApprovalTreatment": Toy("AumolertinibInChina", without="lepto:approvalOf"),
    "ApprovalJurisdiction": Toy("AumolertinibInChina", without="lepto:inJurisdiction"),
    "ApprovalFinding": Toy("AumolertinibInChina", plus="<> lepto:approvalFinding lepto:NoApprovalFound ."),
    "ApprovalEvidence": Toy("AumolertinibInChina", without="lepto:basedOnEvidence"),
    "ApprovalDay": Toy("AumolertinibInChina", "dcterms:created", '<> dcterms:created "2026" .'),
    "FigureParameter": Toy("MethotrexateDoseByE34", without="lepto:ofParameter"),
    "FigureSource": Toy("MethotrexateDoseByE34", plus="<> lepto:givenBy lepto:E75 ."),
    "FigureValue": Toy("MethotrexateDoseByE34", without="lepto:lowest lepto:highest"),
    "FigureRange": Toy("MethotrexateDoseByE34", "lepto:highest", "<> lepto:highest 10.0 ."),
    # Class-level actions
    "ClassLevelAction": Toy("IntrathecalTherapy", without="rdf:type"),
    "ActionKind": Toy("IntrathecalTherapy", "lepto:kind", "<> lepto:kind lepto:LungTumour ."),
}

ANNOTATIONS = {
    "ModuleTitle": Toy("ontology/answer", without="dcterms:title"),
    "ModuleDescription": Toy("ontology/answer", plus='<> dcterms:description "Une description."@fr .'),
    "ModuleLicence": Toy("ontology/answer", "dcterms:license", '<> dcterms:license "CC BY 4.0" .'),
    "OntologyVersion": Toy("ontology", "owl:versionIRI", '<> owl:versionIRI "0.1.0" .'),
    "OntologyVersionNumber": Toy("ontology", "owl:versionInfo", '<> owl:versionInfo "one" .'),
    "OntologyNamespace": Toy("ontology", "vann:preferredNamespaceUri", "<> vann:preferredNamespaceUri lepto: ."),
    "OntologyPrefix": Toy("ontology", without="vann:preferredNamespacePrefix"),
    "OntologyCreator": Toy("ontology", without="dcterms:creator"),
    "OntologyPublisher": Toy("ontology", without="dcterms:publisher"),
    "OntologyCreated": Toy("ontology", "dcterms:created", '<> dcterms:created "2999-01-01"^^xsd:date .'),
    "OntologyIssued": Toy("ontology", "dcterms:issued", '<> dcterms:issued "2999" .', also="OntologyCreated"),
    "OntologySource": Toy("ontology", "dcterms:source", "<> dcterms:source lepto:C01 ."),
    "OntologyCitation": Toy("ontology", without="dcterms:bibliographicCitation"),
    "OntologyStatus": Toy("ontology", "bibo:status", '<> bibo:status "draft" .'),
    "TermLabel": Toy("Treatment", plus='<> rdfs:label "another"@en .'),
    "TermLabelSpacing": Toy("Treatment", "rdfs:label", '<> rdfs:label "two  spaces"@en .'),
    "TermLabelCase": Toy("Treatment", "rdfs:label", '<> rdfs:label "Treatment toy"@en .'),
    "TermDefinitionForm": Toy("Treatment", "skos:definition", '<> skos:definition "Without a full stop"@en .'),
    "TermDefinitionSpacing": Toy("Treatment", "skos:definition", '<> skos:definition "Two  spaces."@en .'),
    "VocabularyDefinition": Toy("Treatment", without="skos:definition"),
    "IndividualContent": Toy("MethotrexateSubstance", without="skos:definition"),
    "StatementForm": Toy("CautionPreservativeFree", "lepto:statement", '<> lepto:statement "no sentence"@en .'),
    "SourcedTerm": Toy("Treatment", without="dcterms:source"),
    "LogicalPropertyRange": Toy("hasComponent", without="rdfs:range"),
    "LogicalPropertyDomain": Toy("hasComponent", plus="<> rdfs:domain lepto:Substance ."),
    "FactPolicy": Toy("csfFlow", without="lepto:whenUnstated"),
    "Fact": Toy("ageYears", without="lepto:unit"),
    "FactQuestion": Toy("ageYears", "lepto:question", '<> lepto:question "Age"@en .'),
    "FactSilence": Toy("ageYears", plus="<> lepto:whenUnstated lepto:AnnotateOnly ."),
    "FactUnit": Toy("ageYears", plus='<> lepto:unit "mo" .'),
}

TOYS = {"annotations": ANNOTATIONS, "rules": RULES}
