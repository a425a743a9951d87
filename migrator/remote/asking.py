"""Something that was asked for, and that somebody else has to agree to first."""

from __future__ import annotations


class Asking(Exception):  # noqa: N818 - nothing went wrong: nobody waits for the answer
    """Ends an operation that waits for an approver, where whoever asked does not wait as well."""

    def __init__(self, approval_id: str, what: str) -> None:
        super().__init__(approval_id)
        self.approval_id = approval_id
        self.what = what
