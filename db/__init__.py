"""Tables by room, engine, the one writer, and migrations; SQLite and PostgreSQL."""
