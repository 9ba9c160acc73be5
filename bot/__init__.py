"""Steadyhand: incident response in Slack for teams that run AI systems."""

__version__ = "0.1.0"
