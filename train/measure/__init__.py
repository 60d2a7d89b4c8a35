"""Measuring encoders and sets: protocols, tables, intervals, findings."""
