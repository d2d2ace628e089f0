"""Which runs are one variant, and where each started from."""

from __future__ import annotations

from pathlib import Path

import pytest
from made_runs import speedrun, write_pretraining, write_rl, write_run

from fathom.report.discover import find_runs
from fathom.report.run import Run
from fathom.report.variants import group_variants, lineage, origin


def named(runs: list[Run]) -> dict[str, list[str]]:
    return {variant.name: [run.label for run in variant.runs] for variant in group_variants(runs)}


def by_label(runs: list[Run], label: str) -> Run:
    return next(run for run in runs if run.label == label)


def test_runs_below_directories_of_seeds_are_one_variant(tmp_path: Path) -> None:
    runs = find_runs([speedrun(tmp_path, seeds=(1, 2, 10), updates=50)])
    assert named(runs) == {
        "base": ["seed-1/base", "seed-2/base", "seed-10/base"],
        "continued": ["seed-1/continued", "seed-2/continued", "seed-10/continued"],
        "rejection": ["seed-1/rejection", "seed-2/rejection", "seed-10/rejection"],
        "zero": ["seed-1/zero", "seed-2/zero", "seed-10/zero"],
    }


def test_numbers_behind_names_are_seeds_where_the_recipe_is_one(tmp_path: Path) -> None:
    for seed, base in ((0, 0), (1, 0), (2, 1)):
        write_rl(tmp_path / f"zero-{seed}", f"runs/base-{base}/final", seed=seed, steps=1)
    for seed in (0, 1):
        write_pretraining(tmp_path / f"base-{seed}", seed=seed, updates=10)
    assert named(find_runs([tmp_path])) == {"base": ["base-0", "base-1"], "zero": ["zero-0", "zero-1", "zero-2"]}


def test_a_round_that_began_where_another_ended_is_no_other_seed(tmp_path: Path) -> None:
    write_pretraining(tmp_path / "rejection-1", name="r", start="runs/base/final", updates=10)
    write_pretraining(tmp_path / "rejection-2", name="r", start="runs/rejection-1/final", updates=10)
    assert named(find_runs([tmp_path])) == {"rejection-1": ["rejection-1"], "rejection-2": ["rejection-2"]}


@pytest.mark.parametrize(("name", "seed"), [("other", 1), ("speedrun", 0)])
def test_other_recipes_and_equal_seeds_are_other_variants(tmp_path: Path, name: str, seed: int) -> None:
    write_pretraining(tmp_path / "d-4", updates=10)
    write_pretraining(tmp_path / "d-8", name=name, seed=seed, updates=10)
    assert named(find_runs([tmp_path])) == {"d-4": ["d-4"], "d-8": ["d-8"]}


def test_equal_names_in_two_trees_are_told_apart(tmp_path: Path) -> None:
    for tree in ("speedrun", "curriculum"):
        write_pretraining(tmp_path / tree / "base", name=tree, updates=10)
        write_rl(tmp_path / tree / "zero", f"runs/{tree}/base/final", steps=1)
    runs = find_runs([tmp_path / "speedrun", tmp_path / "curriculum"])
    assert list(named(runs)) == ["curriculum/base", "speedrun/base", "curriculum/zero", "speedrun/zero"]


def test_a_directory_that_is_only_a_seed_is_named_by_its_recipe(tmp_path: Path) -> None:
    for seed in (1, 2):
        write_pretraining(tmp_path / f"seed-{seed}", seed=seed, updates=10)
    assert named(find_runs([tmp_path])) == {"speedrun": ["seed-1", "seed-2"]}


def test_where_a_run_began_is_found_wherever_it_lies_now(tmp_path: Path) -> None:
    runs = find_runs([speedrun(tmp_path / "moved", seeds=(1, 2), updates=50)])
    base = origin(by_label(runs, "seed-2/zero"), runs)
    assert base is not None
    assert base.label == "seed-2/base"
    measured = origin(by_label(runs, "seed-1/test-zero"), runs)
    assert measured is not None
    assert measured.label == "seed-1/zero"
    assert origin(by_label(runs, "seed-1/base"), runs) is None


def test_of_two_that_fit_the_neighbour_is_meant(tmp_path: Path) -> None:
    for tree in ("a", "b"):
        write_pretraining(tmp_path / tree / "base", updates=10)
        write_rl(tmp_path / tree / "zero", "base/final", steps=1)
    runs = find_runs([tmp_path])
    begun = origin(by_label(runs, "b/zero"), runs)
    assert begun is not None
    assert begun.label == "b/base"


def test_a_lineage_ends_even_where_files_say_it_does_not(tmp_path: Path) -> None:
    write_pretraining(tmp_path / "a", name="r", start="b/final", updates=10)
    write_pretraining(tmp_path / "b", name="r", start="a/final", updates=10)
    write_pretraining(tmp_path / "c", name="r", start="c/final", updates=10)
    runs = find_runs([tmp_path])
    assert [[one.label for one in lineage(run, runs)] for run in runs] == [["a", "b"], ["b", "a"], ["c"]]


def test_a_model_from_elsewhere_has_no_origin(tmp_path: Path) -> None:
    runs = find_runs([write_run(tmp_path / "x", {"stage": "rl", "config": {"start": "smollm2-135m"}}, [])])
    assert origin(runs[0], runs) is None


def test_the_trained_variant_has_the_accent_and_its_base_the_grey(tmp_path: Path) -> None:
    def colors(place: Path) -> dict[str, int]:
        return {variant.name: variant.color for variant in group_variants(find_runs([place]))}

    speedrun(tmp_path, seeds=(1,), updates=50)
    assert colors(tmp_path) == {"zero": 0, "base": 1, "continued": 2, "rejection": 3}
    assert colors(tmp_path / "seed-1" / "base") == {"base": 0}


def test_a_variant_is_described_in_its_recipe_s_words(tmp_path: Path) -> None:
    words = "control: continued pretraining, same wall-clock"
    for seed, description in ((1, words), (2, words)):
        facts = {"stage": "pretrain", "name": "c", "config": {"seed": seed, "description": description}}
        write_run(tmp_path / f"seed-{seed}" / "continued", facts, [])
    (variant,) = group_variants(find_runs([tmp_path]))
    assert variant.description == words
