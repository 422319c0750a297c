"""How units are named on the bus. That they answer, a real systemd shows."""

import pytest

from selfhealingd.supervise.watching.manager import unit_path


@pytest.mark.parametrize(
    ("unit", "path"),
    [
        ("nginx.service", "nginx_2eservice"),
        ("getty@tty1.service", "getty_40tty1_2eservice"),
        ("389-ds.service", "_3389_2dds_2eservice"),
        ("a\\x2db.service", "a_5cx2db_2eservice"),
    ],
)
def test_what_is_no_letter_or_digit_is_escaped(unit: str, path: str) -> None:
    """As systemd-escape(1) has it for objects; a digit may not come first."""
    assert f"/org/freedesktop/systemd1/unit/{path}" == unit_path(unit)
