"""Reports of what could not be checked: the reason in the place of the findings."""

import signal
from concurrent.futures import TimeoutError as TimeLimitError
from dataclasses import dataclass

from pebble import ProcessExpired

from oligort.batch.failure import BugError, SystemRefusedError, plain
from oligort.batch.limits import Limits
from oligort.checks.engine import LIBRARIES
from oligort.checks.unchecked import internal_error, not_checked, not_submitted
from oligort.document import Report, Setting
from oligort.errors import NothingReadError, OligortError, ProtocolError
from oligort.finding import Finding, verdict_of
from oligort.protocol.model import Protocol
from oligort.versions import versions_of


@dataclass(frozen=True)
class Whose:
    """What is known of a submission without reading it: subject, site and arm."""

    subject: str
    site: str = ""
    arm: str = ""


@dataclass(frozen=True)
class Unchecked:
    """Why a submission could not be checked.

    `is_bug` is whether oligort itself failed, `is_of_limits` whether other limits on time and
    memory may give another answer, `is_death` whether its process died, `is_of_protocol` whether
    the file of the protocol is at fault, `is_of_register` whether the register alone tells it;
    `log` is for standard error alone, and so is `told`, where it is more than the finding says.
    """

    finding: Finding
    settings: tuple[Setting, ...] = ()
    is_bug: bool = False
    is_of_limits: bool = False
    is_death: bool = False
    is_of_protocol: bool = False
    is_of_register: bool = False
    log: str = ""
    told: str = ""


def unchecked_by(error: BaseException, limits: Limits) -> Unchecked:
    """Return what an error of a worker means."""
    if not isinstance(error, TimeLimitError | ProcessExpired):  # these are errors of the system too
        error = plain(error)
    match error:
        case TimeLimitError() | MemoryError():
            return _of_limits(error, limits)
        case ProcessExpired():
            reason = f"the process that checked it {_ended(error.exitcode)}, twice"
            hint = "check it by itself; if that ends so too, report it as a bug"
            return Unchecked(
                not_checked(reason, hint),
                _settings(limits),
                is_of_limits=True,
                is_death=True,
            )
        case ProtocolError():
            hint = "see that the protocol's file is there and stays as it is, then run again"
            return Unchecked(not_checked(f"of the protocol: {error}", hint), is_of_protocol=True)
        case OligortError():
            hint = "ask the site for a complete export, then run the batch again"
            reason = error.without_names if isinstance(error, NothingReadError) else str(error)
            told = not_checked(f"of this: {error}", hint).message
            return Unchecked(not_checked(f"of this: {reason}", hint), told=told)
        case SystemRefusedError():
            hint = (
                "see that its folder can be reached and no disk is full, then run the batch again"
            )
            reason = f"the system refused what was asked of it: {error}"
            return Unchecked(not_checked(reason, hint))
        case _:
            assert isinstance(error, BugError)
            return Unchecked(internal_error(error.what), is_bug=True, log=error.trace)


def unchecked_register(trouble: str) -> Unchecked:
    """Return that the register of a submission cannot be used."""
    hint = "mend the register, then run the batch again"
    finding = not_checked(f"its register cannot be used: {trouble}", hint)
    return Unchecked(finding, is_of_register=True)


def unchecked_worker(trouble: str) -> Unchecked:
    """Return that the report of a worker cannot be read here."""
    hint = "see that all workers have the version of oligort that this process has, then run again"
    return Unchecked(not_checked(f"the report of the worker cannot be used: {trouble}", hint))


def unchecked_cancelled() -> Unchecked:
    """Return that the executor did not do what it was given."""
    hint = "see what cancelled it, or hand in another executor, then run again"
    return Unchecked(not_checked("the executor cancelled the task before it was done", hint))


def unchecked_by_executor(error: BaseException, limits: Limits) -> Unchecked:
    """Return what an error of a task means: of the worker, or of the executor itself.

    A worker says what went wrong in it by the few kinds of `plain`; any other kind is how an
    executor says that it has no answer, as where a worker died.
    """
    if isinstance(error, BugError | MemoryError | OligortError | OSError | SystemRefusedError):
        return unchecked_by(error, limits)
    kind = type(error).__name__
    hint = "see in the log of the executor what became of the worker, then check it by itself"
    return Unchecked(not_checked(f"the executor gave an error of its own, {kind}", hint))


def never_submitted(trouble: str) -> Unchecked:
    """Return that there is a register, with why it cannot be used or "", and no submission."""
    return Unchecked(not_submitted(trouble), is_of_register=True)


def report_of(unchecked: Unchecked, whose: Whose, protocol: Protocol) -> Report:
    """Return the report of a submission that could not be checked."""
    findings = (unchecked.finding,)
    return Report(
        subject=whose.subject,
        site=whose.site,
        arm=whose.arm,
        plan_kind="",
        plan_label="",
        plan_date="",
        dose_sop_instance_uids=(),
        verdict=verdict_of(findings),
        findings=findings,
        measurements=(),
        settings=(*protocol.setting_records(), *unchecked.settings),
        provenance=(),
        protocol=protocol.record(),
        versions=versions_of(LIBRARIES),
    )


def _of_limits(error: TimeLimitError | MemoryError, limits: Limits) -> Unchecked:
    """Return which limit was met; without limits of ours it is one of whoever ran the check."""
    if isinstance(error, MemoryError):
        limit, option = limits.gibibytes, "--memory-limit"
        of_ours = f"it needs more than {limit:g} GiB, the memory limit of a process"
        of_others = "it needs more memory than the process that checked it could get"
        ended = "if it can be checked"
    else:
        limit, option = limits.seconds, "--time-limit"
        of_ours = f"it did not end within {limit:g} s, the time limit of a submission"
        of_others = "it did not end within the time that its process was given"
        ended = "if it ends"
    if not limit:
        return Unchecked(not_checked(of_others, "check it by itself"), is_of_limits=True)
    hint = f"check it by itself; {ended}, allow more with {option}"
    return Unchecked(not_checked(of_ours, hint), _settings(limits), is_of_limits=True)


def _settings(limits: Limits) -> tuple[Setting, ...]:
    return tuple(
        Setting(name=name, value=value, source="oligort batch")
        for name, value in (
            ("batch_time_limit", f"{limits.seconds:g} s"),
            ("batch_memory_limit", f"{limits.gibibytes:g} GiB"),
        )
    )


def _ended(exit_code: int) -> str:
    """Return how a process ended, by its exit code; a signal is a negative one."""
    if exit_code >= 0:
        return f"ended by itself with status {exit_code}"
    number = -exit_code
    try:
        name = f"signal {signal.Signals(number).name}"
    except ValueError:
        name = f"signal {number}"
    if number == signal.SIGSEGV:
        return f"crashed by {name}"
    if name.endswith("SIGKILL"):
        return f"was killed by {name}, as systems do where memory runs out"
    return f"was ended by {name}"
