"""The incident room: lifecycle, severity, roles, permissions."""
