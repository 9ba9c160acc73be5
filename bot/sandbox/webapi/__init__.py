"""The Web API: one function for each method, in a file for each family."""
