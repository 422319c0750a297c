"""Who is told of what happens, how that goes, and to try it."""

from selfhealctl.errors import UsageError
from selfhealctl.operation import Order, operate
from selfhealctl.options import HooksArgument, HooksDo, OfHook
from selfhealctl.session import Session, read
from selfhealingd.wire.documents import HookDocument
from selfhealingd.wire.methods import HookName


def hooks(
    session: Session, do: HooksArgument = HooksDo.LIST, name: OfHook = None
) -> None:
    """See who is told of what happens and how that goes, or send a test.

    list: every hook, what it is told of, how often it was, and why it fails. test:
    tell of a test by one hook now, with its retries, and say what became of it.
    """
    match do:
        case HooksDo.LIST:
            raw = session.ask("hooks")
            if not session.wrote_json(raw):
                from selfhealctl.views.hooks import show_hooks  # noqa: PLC0415

                show_hooks(read(raw, tuple[HookDocument, ...]))
        case HooksDo.TEST:
            if name is None:
                raise UsageError(
                    "test of which hook?",
                    "selfhealctl hooks test NAME; which there are: selfhealctl hooks",
                )
            operate(session, Order("hook-test", HookName(name=name)))
