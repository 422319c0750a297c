"""Is the ground firm on which the daemon stands? Facts in, findings out.

``looking`` collects what the client can see itself, ``judging`` says what it all means.
"""
