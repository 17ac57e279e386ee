"""Compares what a replay made with what its author sent: the bytes, then what would leave, then the numbers in it."""

from __future__ import annotations

import hashlib
import math
import re
from collections.abc import Callable, Mapping
from itertools import zip_longest

from orchestrator.airlock.model import File, FileRole, Finding, Severity
from orchestrator.airlock.packs import Pack
from orchestrator.airlock.ports import Inspection

from .model import Replay, Replayed, ReplayState

__all__ = ["compared", "same_words"]

_NUMBER = re.compile(r"\d+(?:\.\d+)?(?:[eE][+-]?\d+)?")
_TOLERANCE = 1e-9
"""Relative: another order of summing changes the last digits of a double and means nothing."""
_COMPARED_BYTES = 8 << 20
_WRITTEN = frozenset({"table", "text", "markdown", "code", "json", "html"})


def compared(
    file: File,
    sent: Inspection,
    replay: Replay | None,
    pack: Pack,
    *,
    content: Callable[[str], bytes],
    inspect: Callable[[Replayed], Inspection],
) -> tuple[Finding, ...]:
    """Return what the replay says of one file that was sent, ``sent`` being what its own inspection said.

    ``content`` reads frozen bytes by their hash; ``inspect`` looks at a replayed file behind the usual walls.
    """
    if replay is None or file.role is not FileRole.OUTPUT or _is_script(file, replay):
        return ()
    grave = Severity.BLOCK if pack.replay == "required" else Severity.FLAG
    return (_outcome(file, sent, replay, grave, content=content, inspect=inspect), *_environment(replay))


def _outcome(
    file: File,
    sent: Inspection,
    replay: Replay,
    grave: Severity,
    *,
    content: Callable[[str], bytes],
    inspect: Callable[[Replayed], Inspection],
) -> Finding:
    if replay.state is ReplayState.FAILED:
        return _failed(replay, grave)
    made = next((each for each in replay.made if each.name == file.name), None)
    if made is None:
        return _missing(replay, grave)
    if made.sha256 == file.sha256:
        return _same(replay, "this very file, byte for byte")
    again = inspect(made)
    if again.kind == sent.kind and _leaves_the_same(sent, again):
        return _same(replay, "the same in all that leaves; only what is taken out before review differs")
    if again.kind == sent.kind in _WRITTEN and max(file.size, made.size) <= _COMPARED_BYTES:
        words = (content(each).decode("utf-8", "surrogateescape") for each in (file.sha256, made.sha256))
        if same_words(*words):
            return _same(replay, "the same words, and the same numbers to nine digits")
    return _differs(replay, sent, again, grave)


def same_words(one: str, other: str) -> bool:
    """Say whether two texts are the same but for space at line ends and for the last digits of their numbers."""
    for left, right in zip_longest(one.splitlines(), other.splitlines(), fillvalue=""):
        if left.rstrip() != right.rstrip() and not _same_line(left.rstrip(), right.rstrip()):
            return False
    return True


def _same_line(left: str, right: str) -> bool:
    if _NUMBER.sub("0", left) != _NUMBER.sub("0", right):
        return False
    pairs = zip(_NUMBER.findall(left), _NUMBER.findall(right), strict=True)
    return all(math.isclose(float(one), float(other), rel_tol=_TOLERANCE) for one, other in pairs)


def _leaves_the_same(sent: Inspection, again: Inspection) -> bool:
    ours, theirs = _hashes(sent), _hashes(again)
    return bool(ours) and ours == theirs


def _hashes(seen: Inspection) -> Mapping[str, str]:
    return {each.name: hashlib.sha256(each.content).hexdigest() for each in seen.derived}


def _is_script(file: File, replay: Replay) -> bool:
    """A script is not changed by being run; a notebook holds what its cells made."""
    return file.name == replay.program and not file.name.lower().endswith(".ipynb")


def _same(replay: Replay, how: str) -> Finding:
    return Finding(
        rule="REPLAY_SAME",
        severity=Severity.NOTE,
        where="whole file",
        message=f"“{replay.program}” was run again without its author, on the same data, and made {how}.",
        guidance="That it can be made again says where it comes from, not that it may leave.",
    )


def _failed(replay: Replay, severity: Severity) -> Finding:
    return Finding(
        rule="REPLAY_FAILED",
        severity=severity,
        where="whole file",
        message=f"“{replay.program}” was to be run again without its author, and was not to its end: {replay.trouble}",
        guidance="Ask the author for a program that runs by itself in an empty home, with /data as it is granted.",
    )


def _missing(replay: Replay, severity: Severity) -> Finding:
    why = f" It ended with trouble: {replay.trouble}" if replay.trouble else ""
    return Finding(
        rule="REPLAY_MISSING",
        severity=severity,
        where="whole file",
        message=f"“{replay.program}” was run again without its author and made no file of this name.{why}",
        guidance="Ask the author for the program that makes it; it writes below the folder it is started in.",
    )


def _differs(replay: Replay, sent: Inspection, again: Inspection, severity: Severity) -> Finding:
    kinds = f" It is {again.kind}, not {sent.kind}." if again.kind != sent.kind else ""
    pieces = sorted(name for name, digest in _hashes(again).items() if _hashes(sent).get(name) != digest)
    which = f" What would leave differs in {', '.join(pieces[:5])}." if pieces and not kinds else ""
    how = f"was run again without its author and made another file of this name.{kinds}{which}"
    return Finding(
        rule="REPLAY_DIFFERS",
        severity=severity,
        where="whole file",
        message=f"“{replay.program}” {how}",
        guidance="Ask the author what it depends on: chance without a seed, the clock, files of his own, hand work.",
    )


def _environment(replay: Replay) -> tuple[Finding, ...]:
    if not replay.environment:
        return ()
    return (
        Finding(
            rule="REPLAY_ENVIRONMENT",
            severity=Severity.NOTE,
            where="whole file",
            message=replay.environment,
            guidance="A difference can come from other versions of libraries.",
        ),
    )
