"""Mutants of what the state is: whose its files are, whose it is itself, and how old."""

from __future__ import annotations

from tests.mutants.mutant import Mutant

OWNERSHIP = "engine/ownership.py"
STATEDIR = "engine/store/statedir.py"
DIRECTORY = "tests/unit/engine/store/test_statedir.py"

MUTANTS = (
    Mutant(
        "follows a link that somebody has planted in the state directory",
        OWNERSHIP,
        "found = path.lstat()",
        "found = path.stat()",
        (f"{DIRECTORY}::test_a_planted_link_is_refused_and_nothing_is_made_behind_it",),
    ),
    Mutant(
        "works as root in the service's directory",
        OWNERSHIP,
        "if os.geteuid() != ROOT or owner.st_uid == ROOT:",
        "if owner.st_uid >= ROOT:",
        (
            f"{DIRECTORY}::test_root_makes_nothing_of_its_own_in_the_services_directory",
            f"{DIRECTORY}::test_root_acting_as_the_service_can_write_nothing_else",
        ),
    ),
    Mutant(
        "lets anybody who can read the state directory stop the service",
        STATEDIR,
        "if not _locked(handle) and _is_private(state_dir):",
        "if not _locked(handle):",
        (f"{DIRECTORY}::test_nobody_blocks_us_by_locking_what_everybody_can_read",),
    ),
    Mutant(
        "starts beside a version that locks the directory alone",
        STATEDIR,
        "if not _locked(handle) and _is_private(state_dir):",
        "if not _locked(handle) and not _is_private(state_dir):",
        (f"{DIRECTORY}::test_an_older_version_at_work_is_noticed",),
    ),
    Mutant(
        "keeps a state where others may write",
        STATEDIR,
        "if directory.st_mode & OTHERS_MAY_WRITE:",
        "if directory.st_mode & 0:",
        (f"{DIRECTORY}::test_a_directory_that_others_may_write_to_is_refused",),
    ),
    Mutant(
        "writes a configuration through somebody else's link",
        "engine/config/file.py",
        "        if link is not None:",
        "        if link == Path():",
        (
            "tests/unit/engine/config/test_file.py"
            "::test_a_link_that_somebody_else_has_laid_is_not_followed",
        ),
    ),
)
