"""Write the README's tables from the stored results. ``--check`` only says whether they are current.

For each question the newest file counts; where peers are compared in training, the newest of each kind of processor.
Nothing here measures, and no number in the README comes from anywhere else.
"""

from __future__ import annotations

import argparse
import json
import re
from pathlib import Path

from benchmarks.controls import rows
from benchmarks.harness import RESULTS, ROOT, Json, vectors

README = ROOT / "README.md"
BEGIN, END = "<!-- numbers: written by benchmarks/readme.py -->", "<!-- /numbers -->"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--check", action="store_true", help="change nothing, fail when the README is not current")
    options = parser.parse_args()
    old = README.read_text(encoding="utf-8")
    new = replace(old, numbers(RESULTS))
    if options.check and old != new:
        raise SystemExit("the README's tables are not those of benchmarks/results: run make docs")
    README.write_text(new, encoding="utf-8")


def replace(text: str, tables: str) -> str:
    """The text with what stands between the markers replaced."""
    pattern = re.compile(re.escape(BEGIN) + r".*?" + re.escape(END), re.DOTALL)
    if len(pattern.findall(text)) != 1:
        raise SystemExit(f"the README needs exactly one pair of markers: {BEGIN} … {END}")
    return pattern.sub(lambda _: f"{BEGIN}\n{tables}\n{END}", text)


def numbers(folder: Path) -> str:
    """All tables, as Markdown."""
    parts = []
    if startup := newest(folder, "startup"):
        parts.append(startup_table(startup))
    if decode := newest(folder, "decode"):
        parts.append(decode_table(decode))
    parts += map(training_table, of_each_processor(folder, "training"))
    if agreement := newest(folder, "llamacpp-agreement"):
        parts.append(agreement_line(agreement))
    parts += map(grpo_table, of_each_processor(folder, "grpo"))
    if speedrun := newest(folder, "speedrun"):
        parts.append(speedrun_table(speedrun))
    if controls := newest(folder, "controls"):
        parts.append(controls_table(controls))
    return "\n\n".join(parts) or "Nothing has been measured yet: `make bench` does it."


def newest(folder: Path, what: str) -> Json | None:
    """The latest result; None where there is none."""
    found = documents(folder, what)
    return found[-1] if found else None


def of_each_processor(folder: Path, what: str) -> list[Json]:
    """The latest result of every kind of processor, the latest first."""
    found = {vectors(document["hardware"]): document for document in documents(folder, what)}
    return sorted(found.values(), key=when, reverse=True)


def documents(folder: Path, what: str) -> list[Json]:
    """All results, the oldest first."""
    paths = sorted(folder.glob(f"{what}_*.json"))
    return sorted((json.loads(path.read_text(encoding="utf-8")) for path in paths), key=when)


def when(document: Json) -> str:
    """Date and time; older files have the date alone."""
    return f"{document['date']} {document.get('time', '')}"


def place(document: Json) -> str:
    """Machine and date, for a caption."""
    hardware = document["hardware"]
    processor = " ".join(filter(None, (hardware["cpu"], vectors(hardware))))
    count = hardware["cores"]
    name = hardware["gpu"] or f"{processor}, {count} core{'' if count == 1 else 's'}"
    quiet = "" if document["quiet"] else "; the machine was not quiet"
    return f"{name}; {document['date']}{quiet}"


def startup_table(document: Json) -> str:
    results = document["results"]
    rows = (
        ("first page", f"{results['first_page_s']:.1f} s"),
        ("model ready", f"{results['ready_s']:.1f} s"),
        ("first token of the first answer", f"{results['first_token_s']:.1f} s"),
        ("resident memory", f"{results['rss_bytes'] / 1e6:.0f} MB"),
    )
    head = f"From starting `fathom serve` ({place(document)}):\n\n| | |\n|---|--:|\n"
    return head + "\n".join(f"| {name} | {value} |" for name, value in rows)


def decode_table(document: Json) -> str:
    configuration, results = document["configuration"], document["results"]
    batches = [str(batch) for batch in configuration["batches"]]
    head = (
        f"Tokens per second on SmolLM2-135M, {configuration['threads']} threads, in one run ({place(document)}):\n\n"
        f"| | prefill {configuration['prefill']} | {' | '.join(f'decode ×{batch}' for batch in batches)} | resident |\n"
        f"|---|--:|{'--:|' * len(batches)}--:|\n"
    )
    rows = []
    for name, entry in results["engines"].items():
        rates = " | ".join(f"{entry['decode_tokens_per_s'][batch]:.0f}" for batch in batches)
        bold = "**" if name.startswith("fathom") else ""
        memory = f"{entry['rss_bytes'] / 1e6:.0f} MB"
        rows.append(f"| {bold}{name}{bold} | {entry['prefill_tokens_per_s']:.0f} | {rates} | {memory} |")
    return head + "\n".join(rows)


def grpo_table(document: Json) -> str:
    configuration, results = document["configuration"], document["results"]
    head = (
        f"A step of GRPO: {len(configuration['prompts'])} prompts, {configuration['group']} completions each of "
        f"{configuration['tokens']} tokens, one update; {configuration['threads']} threads, in one run "
        f"({place(document)}):\n\n"
        "| | s/step | generated tokens/s | update, s | peak |\n|---|--:|--:|--:|--:|\n"
    )
    rows = []
    for model, found in results.items():
        for name, side in (("fathom", found["fathom"]), ("trl", found.get("trl"))):
            if side is not None:
                shown = f"{name}, {model}"
                rows.append(
                    f"| {f'**{shown}**' if name == 'fathom' else shown} | {side['step_s']:.1f} "
                    f"| {side['generated_tokens_per_s']:.0f} | {side['step_s'] - side['generation_s']:.1f} "
                    f"| {side['peak_rss_bytes'] / 1e6:.0f} MB |"
                )
    return head + "\n".join(rows)


def training_table(document: Json) -> str:
    configuration, results = document["configuration"], document["results"]
    head = (
        f"Tokens per second in training, {configuration['rows']} × {configuration['length']} tokens, fused AdamW, "
        f"{configuration['threads']} threads, in one run ({place(document)}); all begin with the same weights:"
        "\n\n| | tokens/s | first loss | peak memory |\n|---|--:|--:|--:|\n"
    )
    rows = []
    for name, entry in results["engines"].items():
        bold = "**" if name.startswith("fathom moe") else ""
        memory = f"{entry['peak_rss_bytes'] / 1e6:.0f} MB"
        rows.append(f"| {bold}{name}{bold} | {entry['tokens_per_s']:.0f} | {entry['first_loss']:.4f} | {memory} |")
    return head + "\n".join(rows)


def speedrun_table(document: Json) -> str:
    results = document["results"]
    minutes = results["total_s"] / 60
    head = (
        f"`make speedrun`: {minutes:.0f} minutes, {results['tokens'] / 1e6:.1f} million tokens, at most "
        f"{results['peak_rss_bytes'] / 1e9:.1f} GB ({place(document)}). Right on held-out problems, one run:\n\n"
        "| | sampled, T = 1 | sampled, T = 0.6 | greedy | tokens an answer |\n|---|--:|--:|--:|--:|\n"
    )
    rows = []
    for name, shown in (("base", "base model"), ("zero", "**after reinforcement learning alone**")):
        lines = {line["temperature"]: line for line in results["test"][name]}
        shares = " | ".join(f"{lines[temperature]['pass@1']:.1%}" for temperature in (1.0, 0.6, 0.0))
        rows.append(f"| {shown} | {shares} | {lines[1.0]['length']:.0f} |")
    return head + "\n".join(rows)


def controls_table(document: Json) -> str:
    results = document["results"]
    arm = results["arms"]["zero"]
    problems, bases = arm[0]["test"][0]["problems"], len(results["gates"])
    head = (
        f"The recipe as it is now, {len(arm)} seeds over {bases} bases, and every control at the time that "
        f"reinforcement learning took, one thread each ({place(document)}). Percent right of {problems} held-out "
        "problems, mean and standard deviation over seeds:\n\n"
        "| | sampled, T = 1 | sampled, T = 0.6 | greedy | minutes |\n|---|--:|--:|--:|--:|\n"
    )
    called = {
        "base": "base model",
        "continued": "control: the base reads on",
        "rejection": "control: rejection sampling, once",
        "iterated": "control: rejection sampling, three times",
        "zero": "**reinforcement learning alone**",
    }
    return head + "\n".join(f"| {called[name]} | {' | '.join(cells)} |" for name, *cells in rows(results))


def agreement_line(document: Json) -> str:
    entry, count = document["results"]["F32"], document["configuration"]["count"]
    return (
        f"Greedy continuations agree with llama.cpp for at least {count} tokens on {entry['agree_throughout']} of "
        f"{entry['prompts']} prompts (same float32 weights; {document['date']})."
    )


if __name__ == "__main__":
    main()
