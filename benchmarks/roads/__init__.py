"""The roads from a cohort to its answers, a module a family."""
