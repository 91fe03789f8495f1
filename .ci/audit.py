"""Are advisories known for the pinned dependencies? Says so too when that could not be found out.

Exit codes: 0 all were looked up and none has a known vulnerability; 1 some have; 75 some could not be looked
up, for example because no advisory service can be reached from here.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

SERVICES = ("pypi", "osv")
TIMEOUT_SECONDS = 120
MAX_NAMED = 8
UNKNOWN = 75


@dataclass
class Audit:
    """What the services said.

    Args:
        clean: packages without a known vulnerability.
        vulnerable: package -> what is known.
        unknown: packages that no service knew.
        failure: why a service gave no answer at all; empty when it did.
    """

    clean: set[str] = field(default_factory=set)
    vulnerable: dict[str, str] = field(default_factory=dict)
    unknown: set[str] = field(default_factory=set)
    failure: str = ""


def read_report(report: dict[str, Any]) -> Audit:
    """What pip-audit's JSON says; a skipped package is not a clean one."""
    audit = Audit()
    for entry in report["dependencies"]:
        if "skip_reason" in entry:
            audit.unknown.add(entry["name"])
        elif entry["vulns"]:
            found = [
                f"{flaw['id']} (fixed in {', '.join(flaw['fix_versions']) or 'no version'})"
                for flaw in entry["vulns"]
            ]
            audit.vulnerable[f"{entry['name']} {entry['version']}"] = "; ".join(found)
        else:
            audit.clean.add(entry["name"])
    return audit


def ask(requirements: str, service: str) -> Audit:
    """Look the pinned versions up in one advisory service."""
    command = [sys.executable, "-m", "pip_audit", "-r", requirements, "--no-deps", "--disable-pip"]
    command += ["-s", service, "-f", "json", "--progress-spinner", "off", "--timeout", "10"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=TIMEOUT_SECONDS, check=False)
        return read_report(json.loads(done.stdout))
    except subprocess.TimeoutExpired:
        return Audit(failure=f"{service}: no answer in {TIMEOUT_SECONDS} s")
    except ValueError:
        lines = done.stderr.strip().splitlines()
        return Audit(failure=f"{service}: {lines[-1] if lines else 'no answer'}")


def verdict(audits: Sequence[Audit]) -> tuple[int, list[str]]:
    """Exit code and what to print; what one service knows, the other need not."""
    vulnerable = {name: found for audit in audits for name, found in audit.vulnerable.items()}
    clean = set[str]().union(*(audit.clean for audit in audits))
    known = clean | {name.split(" ")[0] for name in vulnerable}
    unknown = sorted(set[str]().union(*(audit.unknown for audit in audits)) - known)
    lines = [f"VULNERABLE: {name}: {found}" for name, found in sorted(vulnerable.items())]
    failures = [audit.failure for audit in audits if audit.failure]
    if unknown or not known:
        named = ", ".join(unknown[:MAX_NAMED]) + (", ..." if len(unknown) > MAX_NAMED else "")
        lines.append(f"NOT AUDITED: {len(unknown) or 'all'} packages could not be looked up {named}".rstrip())
        lines += [f"advisory service unreachable: {failure}" for failure in failures]
        lines.append("this says nothing about their safety: run make audit where the services can be reached")
    else:
        lines.append(f"audited: {len(known)} packages, {len(vulnerable)} with known vulnerabilities")
    if vulnerable:
        return 1, lines
    return (UNKNOWN if unknown or not known else 0), lines


def main() -> int:
    """Ask one service, and the next only when the first does not know everything."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--requirements", default="constraints.txt", help="pinned versions")
    parser.add_argument("--allow-unreachable", action="store_true", help="exit 0 when nothing could be asked")
    arguments = parser.parse_args()
    audits: list[Audit] = []
    for service in SERVICES:
        audits.append(ask(arguments.requirements, service))
        if verdict(audits)[0] != UNKNOWN:
            break
    code, lines = verdict(audits)
    print("\n".join(lines))
    return 0 if code == UNKNOWN and arguments.allow_unreachable else code


if __name__ == "__main__":
    sys.exit(main())
