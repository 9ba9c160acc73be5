"""Words for others: notices, their checks and approval, publication, and the update cadence."""
