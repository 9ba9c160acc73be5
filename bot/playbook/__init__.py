"""The playbook room: load content, compose it for an incident, check it."""
