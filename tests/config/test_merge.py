"""What can be applied is applied; what can't, waits by name."""

from pathlib import Path

from msgspec.structs import replace

from selfhealingd.config.merge import merge, pending, pick, without
from selfhealingd.config.settings import Config, Control, Daemon
from selfhealingd.core.graph import Condition
from selfhealingd.core.launch import Launch
from selfhealingd.core.policy import Policy, Program
from selfhealingd.core.readiness import Notify, Readiness

HERE = Path("/x")


def config(**commands: str) -> Config:
    return Config(
        file=HERE / "c.toml",
        files=(HERE / "c.toml",),
        daemon=Daemon(
            state_dir=HERE / "state",
            runtime_dir=HERE / "run",
            log_dir=HERE / "logs",
            flags_file=HERE / "flags.env",
        ),
        control=Control(socket=HERE / "s"),
        policy=Policy(programs={name: Program(name=name) for name in commands}),
        launches={name: Launch(argv=(argv,)) for name, argv in commands.items()},
        tasks={},
    )


def test_nothing_kept_is_the_wanted_one() -> None:
    """Without programs to keep, all of the wanted programs are in force."""
    wanted = config(a="new", b="b")
    assert wanted == merge(config(a="old", c="c"), wanted, keep=frozenset())


def test_what_is_kept_runs_on_as_it_was() -> None:
    """A changed command stays the old one; a removed program stays altogether."""
    before, wanted = config(a="old", gone="gone", b="b"), config(a="new", b="b", c="c")
    merged = merge(before, wanted, keep=frozenset({"a", "gone"}))
    assert {"a": "old", "gone": "gone", "b": "b", "c": "c"} == {
        name: launch.argv[0] for name, launch in merged.launches.items()
    }
    assert {"a", "b", "c", "gone"} == merged.policy.programs.keys()
    assert {"a", "gone"} == pending(merged, wanted)


def test_how_a_kept_program_is_healed_applies_at_once() -> None:
    """Only what it runs waits."""
    before, wanted = config(a="old"), config(a="new")
    slower = Program(name="a", stopwaitsecs=99)
    wanted = replace(wanted, policy=Policy(programs={"a": slower}))
    merged = merge(before, wanted, keep=frozenset({"a"}))
    assert slower == merged.policy.programs["a"]
    assert ("old",) == merged.launches["a"].argv


def test_what_a_kept_program_has_to_show_stays() -> None:
    """It goes with what it runs: a new sign is not looked for in an old run."""
    before, wanted = config(a="old"), config(a="new")
    program = Program(name="a", readiness=Readiness(sign=Notify()), priority=5)
    wanted = replace(wanted, policy=Policy(programs={"a": program}))
    merged = merge(before, wanted, keep=frozenset({"a"}))
    assert Program(name="a", priority=5) == merged.policy.programs["a"]


def test_a_program_that_never_was_is_not_kept() -> None:
    """``keep`` may name what is new: it comes as it is wanted."""
    merged = merge(config(), config(a="a"), keep=frozenset({"a", "nobody"}))
    assert config(a="a") == merged


def test_what_only_a_new_daemon_reads_stays() -> None:
    """Folders and the socket stay; thresholds and includes don't have to."""
    before = config()
    daemon = replace(
        before.daemon, state_dir=HERE / "other", tasks_caution=8, include=("d/*",)
    )
    wanted = replace(before, daemon=daemon, control=Control(socket=HERE / "t"))
    merged = merge(before, wanted, keep=frozenset())
    assert before.control == merged.control
    assert before.daemon.state_dir == merged.daemon.state_dir
    assert (8, ("d/*",)) == (merged.daemon.tasks_caution, merged.daemon.include)


def test_what_is_kept_needs_nothing_that_is_gone() -> None:
    """A removed program that runs stays, though what it depended on was down."""
    before = config(gone="gone", db="db", web="web")
    needs = {"db": Condition.READY, "web": Condition.READY}
    gone = replace(before.policy.programs["gone"], depends_on=needs)
    programs = {**before.policy.programs, "gone": gone}
    before = replace(before, policy=replace(before.policy, programs=programs))
    merged = merge(before, config(web="web"), keep=frozenset({"gone"}))
    assert {"web"} == merged.policy.programs["gone"].depends_on.keys()


def test_a_few_programs_are_picked() -> None:
    """What was changed, added and removed, and nothing else."""
    base = config(a="old", gone="gone", b="old", left="left")
    read = config(new="new", a="new", b="new", other="other")
    picked = pick(base, read, {"a", "gone", "new", "nowhere"})
    assert config(a="new", b="old", left="left", new="new") == picked
    assert ["a", "b", "left", "new"] == list(picked.launches)


def test_a_few_programs_are_left_out() -> None:
    """The others keep their order."""
    assert config(a="a", c="c") == without(config(a="a", b="b", c="c"), {"b", "x"})
