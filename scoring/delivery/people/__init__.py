"""Tells people what they must know: alerts -> sendings to the channels of their owner, tries, retries.

In: the table ``alert`` and the channels of the installation. Out: messages by e-mail, Slack, Teams and the like.
"""
