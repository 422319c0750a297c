"""Whether services are well: what each kind of probe asks, and what it makes of it.

``asking`` asks what can be asked at any time; ``prober`` has every service that is up
asked again and again, and tells what that amounts to.
"""
