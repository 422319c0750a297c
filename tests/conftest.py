"""What is the same for all tests."""

from hypothesis import HealthCheck, settings

# Where the machine is busy, an example takes long, and that is no defect.
settings.register_profile(
    "untimed",
    settings.default,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("untimed")
