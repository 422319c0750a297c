"""How the host is, as far as this kernel tells."""

from pathlib import Path

from selfhealingd.observe.evidence.host import host


def test_this_host() -> None:
    """Load and memory are always there."""
    found = host()
    assert 3 == len(found["load"].split())
    assert found["MemAvailable"].endswith(" kB")


def test_what_a_kernel_lacks_is_left_out(tmp_path: Path) -> None:
    """Pressure where it is told, without the totals that say nothing."""
    assert {} == host(tmp_path)
    (tmp_path / "pressure").mkdir()
    line = "some avg10=1.00 avg60=2.00 avg300=3.00 total=12\nfull avg10=0.00 total=1\n"
    (tmp_path / "pressure" / "cpu").write_text(line)
    expected = {"pressure cpu": "some avg10=1.00 avg60=2.00 avg300=3.00"}
    assert expected == host(tmp_path)
