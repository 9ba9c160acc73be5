"""A Slack workspace on your own machine: for trying the bot in a browser, and for tests.

It is as strict as Slack, says Slack's own error words, and can be told to have a bad day.
"""
