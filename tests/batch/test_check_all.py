"""check_all: the reports of a folder one by one, whatever the executor."""

import errno
import gc
import pickle
import re
import weakref
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future, ProcessPoolExecutor, ThreadPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import get_context
from pathlib import Path

import pytest
from many_exports import register_of, subject_of, write_exports
from msgspec.structs import replace
from troubles import OddError

import oligort
from oligort.errors import DicomError


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folders = write_exports(tmp_path / "root", range(3))
    (folders[2] / "RS.dcm").write_bytes(b"")
    return tmp_path / "root"


class Counting(Executor):
    """Does everything when it is asked for, as a cluster would: with what was pickled."""

    def __init__(self) -> None:
        self.open = self.most = self.done = 0

    def submit(self, do: Callable[..., object], /, *arguments: object) -> Future[object]:
        future: Future[object] = Future()
        self.open += 1
        self.most = max(self.most, self.open)
        do, arguments = pickle.loads(pickle.dumps((do, arguments)))

        def wait(timeout: float | None = None) -> BaseException | None:
            self.open -= 1
            self.done += 1
            future.set_result(do(*arguments))
            return Future.exception(future)

        future.exception = wait
        return future


def test_each_report_is_that_of_a_check_alone_and_in_order(root):
    reports = list(oligort.check_all(root, registers=[register_of(0), register_of(9)]))
    assert [one.subject for one in reports] == [subject_of(n) for n in (0, 1, 2, 9)]
    alone = oligort.check(oligort.read(root / "patient00000"), register=register_of(0))
    assert reports[0].to_json() == alone.to_json()
    assert [one.code for one in reports[3].findings] == ["OL092"]


def test_any_executor_does_it_with_a_bounded_number_in_flight(root):
    write_exports(root, range(10, 11))
    executor = Counting()
    reports = oligort.check_all(root, executor=executor, in_flight=2)
    first = next(reports)
    assert first.subject == subject_of(0)
    assert executor.done == 1
    assert len(list(reports)) == 3
    assert executor.most == 2


def test_processes_of_the_standard_library_do_it(root):
    with ProcessPoolExecutor(2, mp_context=get_context("forkserver")) as executor:
        reports = [one.subject for one in oligort.check_all(root, executor=executor)]
    assert reports == [subject_of(n) for n in range(3)]


def test_a_worker_of_another_version_is_told_and_the_rest_goes_on(root):
    class Older(ThreadPoolExecutor):
        def submit(self, do: Callable[..., object], /, *arguments: object) -> Future[object]:
            def other(*given: object) -> object:
                content = do(*given)
                return content.replace(b'"schema_version": 1,', b'"schema_version": 2,')

            is_first = arguments[0].base == "patient00000"
            return super().submit(other if is_first else do, *arguments)

    with Older(1) as executor:
        first, second, _ = oligort.check_all(root, executor=executor)
    assert [one.code for one in first.findings] == ["OL090"]
    assert "expected a report of schema_version 1" in first.findings[0].message
    assert "all workers have the version" in first.findings[0].hint
    assert len(second.findings) > 1


def test_submissions_that_were_read_already(root):
    read = (oligort.read(root / f"patient{n:05d}") for n in range(2))
    reports = list(oligort.check_all(read, registers=[register_of(1)]))
    assert [(one.subject, one.arm) for one in reports] == [
        (subject_of(0), ""),
        (subject_of(1), "local_therapy"),
    ]


def test_of_what_is_read_on_the_way_no_more_than_two_are_alive(root):
    """The one that is checked or was, and the next, while it is read: as in a loop by hand."""
    alive: list[weakref.ref[oligort.Submission]] = []
    most: list[int] = []

    def read_on() -> Iterator[oligort.Submission]:
        for _ in range(6):
            one = oligort.read(root / "patient00000")
            alive.append(weakref.ref(one))
            gc.collect()
            most.append(sum(ref() is not None for ref in alive))
            yield one
            del one

    reports = oligort.check_all(read_on())
    next(reports)
    assert len(alive) == 1
    assert len(list(reports)) == 5
    assert max(most) == 2


def cancelled() -> Future[object]:
    future: Future[object] = Future()
    future.cancel()
    return future


class KilledWorkerError(Exception):
    """As a cluster says that a worker died."""


def failing_by(error: Exception) -> Callable[[], Future[object]]:
    def failed() -> Future[object]:
        future: Future[object] = Future()
        future.set_exception(error)
        return future

    return failed


def answering(answer: object) -> Callable[[], Future[object]]:
    def answered() -> Future[object]:
        future: Future[object] = Future()
        future.set_result(answer)
        return future

    return answered


@pytest.mark.parametrize(
    ("first", "reason"),
    [
        (cancelled, "the executor cancelled the task"),
        (
            failing_by(ConnectionRefusedError(errno.ECONNREFUSED, "Connection refused")),
            "the system refused what was asked of it: Connection refused",
        ),
        (failing_by(KilledWorkerError("P-10000000")), "error of its own, KilledWorkerError"),
        (answering(None), "expected a report of oligort as JSON, found an answer of type NoneType"),
        (answering(b"{"), "found an answer of type bytes that is none"),
        (answering(b'{"x": 1}'), "the report of the worker cannot be used"),
    ],
)
def test_what_is_no_answer_is_told_and_the_rest_goes_on(root, first, reason):
    class Odd(ThreadPoolExecutor):
        def submit(self, do: Callable[..., object], /, *arguments: object) -> Future[object]:
            if arguments[0].base == "patient00000":
                return first()
            return super().submit(do, *arguments)

    with Odd(1) as executor:
        odd, *others = oligort.check_all(root, executor=executor)
    assert odd.subject == subject_of(0)
    assert [one.code for one in odd.findings] == ["OL090"]
    assert reason in odd.findings[0].message
    assert "P-10000000" not in odd.to_json()
    assert len(others) == 2


@pytest.mark.parametrize("in_flight", [0, -1])
def test_an_executor_that_may_be_given_nothing_is_refused(root, in_flight):
    with pytest.raises(ValueError, match=f"expected in_flight, .* found {in_flight}"):
        oligort.check_all(root, in_flight=in_flight)


def test_an_executor_that_is_broken_is_no_report(root):
    class Broken(Executor):
        def submit(self, do: Callable[..., object], /, *arguments: object) -> Future[object]:
            future: Future[object] = Future()
            future.set_exception(BrokenProcessPool("a worker died"))
            return future

    with pytest.raises(BrokenProcessPool):
        list(oligort.check_all(root, executor=Broken()))


def test_a_register_of_another_site_has_a_report_of_its_own(root):
    elsewhere = replace(register_of(0), site="OTHER")
    for submissions in (root, [oligort.read(root / "patient00000")]):
        *_, missing = oligort.check_all(submissions, registers=[elsewhere])
        assert [one.code for one in missing.findings] == ["OL092"]
        assert (missing.subject, missing.site) == (subject_of(0), "OTHER")


def test_what_lies_among_the_registers_and_cannot_be_read_is_told(root, tmp_path):
    (tmp_path / "registers").mkdir()
    (tmp_path / "registers" / "good.json").write_text(register_of(0).to_json())
    (tmp_path / "registers" / "nobody.toml").write_text("subjekt = 1")
    with pytest.warns(UserWarning, match="subjekt"):
        *_, nobody = oligort.check_all(root, registers=tmp_path / "registers")
    assert nobody.subject == "nobody"
    (finding,) = nobody.findings
    assert finding.code == "OL092"
    assert "found none; the register cannot be used either: " in finding.message


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (MemoryError(), "it needs more memory than the process that checked it could get"),
        (TimeoutError(110, "Connection timed out"), "the system refused .*: Connection timed out"),
        (OddError(1, 2), "an internal error: OddError"),
    ],
)
def test_no_reason_tells_of_limits_that_nobody_set(root, monkeypatch, error, reason):
    def failing(task: object) -> None:
        raise error

    monkeypatch.setattr("oligort.batch.each.judged", failing)
    report = next(oligort.check_all(root))
    assert re.search(reason, report.findings[0].message)
    assert not [one for one in report.settings if one.name.startswith("batch_")]


def test_a_folder_without_dicom_is_refused(tmp_path):
    with pytest.raises(DicomError, match="nothing was checked"):
        list(oligort.check_all(tmp_path))
