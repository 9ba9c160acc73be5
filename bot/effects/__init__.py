"""Stored effects: what must happen outside, carried out after the commit, never twice."""
