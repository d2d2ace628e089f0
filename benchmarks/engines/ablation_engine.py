"""Trains one variant of the ablation for its minutes, then measures it on problems and traces that none trained on."""

import json
import random
import sys
import tempfile
from collections.abc import Iterator
from itertools import islice
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
from fathom.recipes.countdown.traces import SolverErrors, ZeroCountdown, question, solve
from fathom.recipes.countdown.vocabulary import chat
from fathom.text import r1
from fathom.text.conversation import Chat
from fathom.train.rl.config import TaskConfig
from fathom.train.rl.tasks import task_of
from fathom.train.run.display import Display
from fathom.train.run.trainee import Trainee
from fathom.train.supervised.config import PretrainConfig
from fathom.train.supervised.dataset import dataset
from fathom.train.supervised.run import load_trainee, train
from fathom.train.supervised.validation import validate
from fathom.types import Conversation, Message

TASK = TaskConfig(name="zero-countdown-3")
LONGEST = 160


def traces(count: int) -> Iterator[Sample]:
    """Attempts at problems of the validation split, made as those of the corpus are."""
    core, rng = chat(), random.Random("ablation")
    end = core.tokenizer.token_id(r1.EOS)
    for item in islice(ZeroCountdown().items("validation"), count):
        prompt = core.render(Conversation((Message("user", question(item)),))).ids
        attempt = [*core.tokenizer.encode(solve(item, SolverErrors(), rng).completion), end]
        yield Sample([*prompt, *attempt], [False] * len(prompt) + [True] * len(attempt))


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
    grader = Grader(task_of(TASK), source, trainee.tokenizer, Chat(trainee.tokenizer, trainee.template))
    items = list(grader.task.items("validation", limit=job["problems"]))

    def solved(samples: int, temperature: float) -> dict[str, Any]:
        groups = grader.sample_and_grade(items, samples, max_tokens=LONGEST, temperature=temperature, seed=0)
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
