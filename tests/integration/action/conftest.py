"""The stories after an incident are told with the people of the comms stories."""

from tests.integration.comms.conftest import drill, outside, private, story

__all__ = ["drill", "outside", "private", "story"]
