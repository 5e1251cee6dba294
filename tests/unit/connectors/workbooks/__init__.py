"""Unit tests of the Workbooks connector, one file per module."""
