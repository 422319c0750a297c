"""Every method has words that read well after "cannot"."""

from selfhealingd.wire.methods import METHODS
from selfhealingd.wire.verbs import doing


def test_no_method_is_told_by_a_name_that_is_no_verb() -> None:
    """One that is new, and has a name of several words, is missed here."""
    assert [] == [method for method in METHODS if "-" in doing(method)]
    assert ("show incidents", "restart") == (doing("incidents"), doing("restart"))
