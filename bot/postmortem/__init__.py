"""The postmortem room: a document read from the record, and what people add to it."""
