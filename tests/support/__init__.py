"""Shared parts of the tests: databases, houses, the running bot."""
