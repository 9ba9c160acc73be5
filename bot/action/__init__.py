"""The action room: what must still be done after an incident, and the proof that it was."""
