"""Looks up known weaknesses of every locked package, and writes the list of what is inside to dist/sbom.json.

    STRICT=1 python .ci/audit.py

Where the advisory service cannot be reached, or does not know a package, that is said; with STRICT=1 it is a failure.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
LOCK = "requirements.lock"


def run(module: str, *words: str) -> subprocess.CompletedProcess[str]:
    """Run a tool of this interpreter."""
    return subprocess.run([sys.executable, "-m", module, *words], cwd=ROOT, capture_output=True, text=True, check=False)


def inventory() -> int:
    """Write the list of what is inside; how many parts it names."""
    target = ROOT / "dist" / "sbom.json"
    target.parent.mkdir(exist_ok=True)
    done = run(
        "cyclonedx_py",
        "requirements",
        LOCK,
        "--pyproject",
        "pyproject.toml",
        "--output-reproducible",
        "-o",
        str(target),
    )
    if done.returncode:
        raise SystemExit(done.stderr)
    return len(json.loads(target.read_text(encoding="utf-8"))["components"])


def main() -> int:
    """The exit code: 1 for a known weakness, and with STRICT=1 for what could not be looked up."""
    print(f"dist/sbom.json: {inventory()} parts")
    done = run("pip_audit", "--requirement", LOCK, "--disable-pip", "--require-hashes", "--format", "json")
    try:
        found = json.loads(done.stdout)["dependencies"]
    except (ValueError, KeyError):
        found = []
    weak = [each for each in found if each.get("vulns")]
    unknown = [each["name"] for each in found if "skip_reason" in each]
    for each in weak:
        for one in each["vulns"]:
            print(
                f"{each['name']} {each['version']}: {one['id']}, mended in {', '.join(one['fix_versions']) or 'none'}"
            )
    if not found or unknown:
        why = f"{len(unknown)} of {len(found)} packages" if found else done.stderr.strip()[-300:]
        print(f"audit: the advisory service is not reachable, or does not know them: {why} not looked up")
    print(f"audit: {len(found) - len(unknown)} packages looked up, {len(weak)} with a known weakness")
    return int(bool(weak) or (os.environ.get("STRICT") == "1" and (not found or bool(unknown))))


if __name__ == "__main__":
    sys.exit(main())
