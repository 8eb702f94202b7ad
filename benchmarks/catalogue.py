"""All roads, in the order of the tables."""

from __future__ import annotations

from benchmarks.roads import cql, floors, hermit, lepto, portable, servers
from benchmarks.roads.road import Road

FAMILIES = (lepto, portable, servers, cql, hermit, floors)

ROADS: dict[str, Road] = {road.name: road for family in FAMILIES for road in family.ROADS}
FAMILY = {road.name: family.__name__ for family in FAMILIES for road in family.ROADS}
