"""The record: what can be on it, the chain, and everything that is read from it."""
