"""Exercises: a service is made to fail, and what comes of it is shown as it comes."""

from selfhealctl.operation import Order, operate
from selfhealctl.options import DrillKindArgument, Program, YesDrill
from selfhealctl.session import Session
from selfhealingd.wire.methods import Drill


def drill(
    session: Session, kind: DrillKindArgument, name: Program, yes: YesDrill = False
) -> None:
    """Make a service fail on purpose, and see that it is noticed, healed and told.

    Only where its config has drills = true, and while all is calm. kill: SIGKILL to
    its process. hang: SIGSTOP, which its liveness has to notice. crashloop: killed
    whenever it is up, until its breaker opens. leak: pretended at the measurement, to
    see what its rules of memory do; nothing is allocated. Ctrl-C aborts it: what hangs
    goes on, and what was pretended is gone.
    """
    params = Drill(kind=kind.value, name=name, confirmed=yes)
    operate(
        session,
        Order(
            "drill",
            params,
            interrupted=(
                "interrupted: the drill is aborted, and what it did is taken back",
                f"see how it is: selfhealctl status {name}",
            ),
        ),
    )
