"""Trains one variant of the ablation for its minutes, then measures it on problems and traces that none trained on."""

import json
import random
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch

from fathom.data.packing.batch import PackedDataset
from fathom.data.packing.plan import BestFitPlan
from fathom.data.shards.store import MemoryStore, Sample
from fathom.evals.metrics import evaluate
from fathom.evals.rollout import EngineSampler
from fathom.evals.runner import Grader
from fathom.model import counts
from fathom.recipes.countdown.corpus import sample, speedrun_problems
from fathom.recipes.countdown.errors import SPEEDRUN_RATES
from fathom.recipes.countdown.search import search_expression
from fathom.recipes.countdown.vocabulary import chat
from fathom.text.conversation import Chat
from fathom.train.run.display import Display
from fathom.train.run.task import TaskConfig, load_task
from fathom.train.run.trainee import Trainee
from fathom.train.supervised.config import PretrainConfig
from fathom.train.supervised.dataset import dataset
from fathom.train.supervised.run import load_trainee, train
from fathom.train.supervised.validation import validate

TASK = TaskConfig(name="speedrun:problems")
MAX_TOKENS = 160


def traces(count: int) -> Iterator[Sample]:
    """Attempts at problems of the validation split, made as those of the corpus are."""
    core, rng = chat(), random.Random("ablation")
    for item in speedrun_problems().items("validation", limit=count):
        yield sample(core, item, search_expression(item, SPEEDRUN_RATES, rng))


def main() -> None:
    job = json.load(sys.stdin)
    torch.set_num_threads(job["threads"])
    config = PretrainConfig.model_validate(job["config"])
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder)
        trainee = load_trainee(config)
        with Display() as display:
            rows = dataset(config, config.data, trainee.tokenizer, trainee.template)
            assert train(config, trainee, rows, out, display)
        lines = [json.loads(line) for line in (out / "metrics.jsonl").read_text().splitlines()]
        print(json.dumps(measured(job, config, trainee, lines)), flush=True)


def measured(
    job: dict[str, Any], config: PretrainConfig, trainee: Trainee, lines: list[dict[str, Any]]
) -> dict[str, Any]:
    """Of the model in memory, not its checkpoint: no published format holds grouped attention beside these experts."""
    model = trainee.model.eval()
    store = MemoryStore(traces(job["problems"]))
    rows = PackedDataset(store, BestFitPlan(store.offsets, config.batch.length))
    loss = validate(model, rows, 16, apart=True, autocast=torch.autocast("cpu", enabled=False))
    source = EngineSampler(model, eos_ids=frozenset(trainee.tokenizer.eos_ids), max_context=model.config.max_position)
    grader = Grader(load_task(TASK), source, trainee.tokenizer, Chat(trainee.tokenizer, trainee.template))
    items = list(grader.task.items("validation", limit=job["problems"]))

    def solved(samples: int, temperature: float) -> dict[str, Any]:
        groups = grader.sample_and_grade(items, samples, max_tokens=MAX_TOKENS, temperature=temperature, seed=0)
        return evaluate(groups).metrics()

    size = counts.count(model.config)
    last = max(lines, key=lambda line: line["step"])
    return {
        "validation_loss": loss["validation_loss"],
        "greedy": solved(1, 0.0)["pass@1"],
        "sampled": {name: value for name, value in solved(job["samples"], 1.0).items() if name != "samples"},
        "updates": last["step"],
        "tokens": last["step"] * config.batch.rows * config.batch.length,
        "seconds": last["seconds"],
        "parameters": size.parameters,
        "mtp_parameters": size.mtp_parameters,
        "kv_bytes_per_token": size.kv_bytes_per_token,
    }


main()
