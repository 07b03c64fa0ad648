"""docs/conformance.md: what became of each target, with totals."""

import datetime
import platform
import subprocess


def write(project, version, results, totals, reference, known):
    """Writes the page out of the results of all targets, and of what targets.txt says about them."""
    commit = subprocess.check_output(["git", "-C", str(project), "describe", "--always", "--dirty"], text=True).strip()
    today = datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%d")
    lines = [
        "# Conformance",
        "",
        "What this program does with the integration suite of ansible-core, called by the names of its commands. Written by `tests/conformance/run --full`;",
        "[CONTRIBUTING](../CONTRIBUTING.md#the-references-own-tests) says by which rules.",
        "",
        f"{today}, commit {commit}, ansible-core {version}, Linux {platform.release()} with Python {platform.python_version()}.",
        "",
        f"**{totals['pass']} of {len(results)} pass, {totals['fail']} fail, {totals['unsupported']} are unsupported.**",
        "",
        "| target | | asserts | those of ansible-core | an assert inverted | seconds | why |",
        "|---|---|---:|---:|---|---:|---|",
    ]
    for name, result in results.items():
        asserts = result.get("figures", {}).get("asserts", "")
        wanted = reference.get(name, {}).get("asserts", "")
        why = result["why"]
        if result["state"] == "fail" and known[name][1]:
            why = f"{known[name][1]} ({why})"
        why = why.replace("|", "\\|").replace("\n", " ")
        cells = [f"`{name}`", result["state"], asserts, wanted, result.get("control", ""), result.get("seconds", ""), why]
        lines.append("| " + " | ".join(str(cell) for cell in cells) + " |")
    (project / "docs" / "conformance.md").write_text("\n".join(lines) + "\n")
