"""Which pages of docs/ are manual pages, too."""

from generator.roff import Page

MANUAL = (
    Page(
        name="selfhealctl",
        section=1,
        source="cli.md",
        does="ask selfhealingd, and tell it what to do",
        synopsis=("**selfhealctl** [OPTION]... COMMAND [ARGUMENT]...",),
        also=("selfhealingd(8)", "selfhealingd.toml(5)", "jq(1)"),
    ),
    Page(
        name="selfhealingd.toml",
        section=5,
        source="config.md",
        does="configuration of selfhealingd",
        synopsis=("`/etc/selfhealingd/selfhealingd.toml`",),
        also=("selfhealingd(8)", "selfhealctl(1)"),
    ),
    Page(
        name="selfhealingd",
        section=8,
        source="selfhealingd.md",
        does="start programs, heal them, and stop when that does not help",
        synopsis=("**selfhealingd** [OPTION]...",),
        also=("selfhealctl(1)", "selfhealingd.toml(5)", "systemd(1)"),
    ),
)
