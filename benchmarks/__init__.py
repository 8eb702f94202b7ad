"""How fast whole cohorts are answered, beside what a user would take instead; made by `scripts/benchmark`."""
