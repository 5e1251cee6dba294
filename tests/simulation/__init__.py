"""Deterministic simulation: the whole engine and both emulators, virtual time, one seed."""
