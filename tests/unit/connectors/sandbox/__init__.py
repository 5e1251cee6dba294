"""Tests of the sandbox's serving, faults, sample data, control port and demo."""
