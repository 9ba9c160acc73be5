"""The Slack surface: turns requests into commands for the rooms, and state into messages."""
