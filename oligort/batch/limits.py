"""Limits: how long a submission may take and how much memory a worker may have."""

from dataclasses import dataclass

TIME_LIMIT_S = 300.0
"""Seconds for one submission: a hundred times what a thorax takes, and no night lost to one."""

MEMORY_LIMIT_GIB = 4.0
"""GiB of address space for one worker: a thorax of 111 images takes 0.3, the largest file that is
read is 2, and two workers fit into the memory of a desk machine."""

GRACE_S = 60.0
"""Seconds after the time limit in which the batch stops a worker; then the system does, also where
the batch that it worked for is gone."""


@dataclass(frozen=True)
class Limits:
    """Time for a submission, and memory (address space) for a worker; 0 is no limit."""

    seconds: float = TIME_LIMIT_S
    gibibytes: float = MEMORY_LIMIT_GIB

    @property
    def memory_bytes(self) -> int:
        """The memory limit in bytes."""
        return int(self.gibibytes * 1024**3)

    def __str__(self) -> str:
        """Both, as the ledger of a batch keeps them."""
        return f"{self.seconds:g} s, {self.gibibytes:g} GiB"


NO_LIMITS = Limits(seconds=0, gibibytes=0)
"""Those of whoever sets none: what runs a check may have its own."""
