"""trl's GRPOTrainer on one machine, generating with transformers, in its quickest form: no gradient checkpointing."""

import tempfile
import time
from typing import Any

import datasets
import torch
import transformers
import trl
from grpo_protocol import Clock, reward, serve


class Steps(transformers.TrainerCallback):
    """Seconds of every step, from its first call for data to the end of its update."""

    def __init__(self) -> None:
        self.spent: list[float] = []
        self._last = 0.0

    def on_train_begin(self, *_: Any, **__: Any) -> None:
        self._last = time.perf_counter()

    def on_step_end(self, *_: Any, **__: Any) -> None:
        now = time.perf_counter()
        self.spent.append(now - self._last)
        self._last = now


def rewards(completions: list[str], **_: Any) -> list[float]:
    return [reward(text) for text in completions]


def do(job: dict[str, Any]) -> dict[str, Any]:
    torch.set_num_threads(job["threads"])
    transformers.logging.set_verbosity_error()
    model = transformers.AutoModelForCausalLM.from_pretrained(job["model"], dtype=torch.float32)
    tokenizer = transformers.AutoTokenizer.from_pretrained(job["model"])
    tokenizer.pad_token = tokenizer.pad_token or tokenizer.eos_token
    batch = len(job["prompts"]) * job["group"]
    config = trl.GRPOConfig(
        output_dir=tempfile.mkdtemp(),
        per_device_train_batch_size=batch,
        num_generations=job["group"],
        max_completion_length=job["tokens"],
        generation_kwargs={"min_new_tokens": job["tokens"]},
        max_steps=job["steps"],
        learning_rate=job["lr"],
        lr_scheduler_type="constant",
        weight_decay=0.0,
        beta=0.0,
        loss_type="dapo",
        epsilon_high=0.28,
        scale_rewards="group",
        temperature=1.0,
        bf16=job["precision"] == "bfloat16",
        gradient_checkpointing=False,
        use_cpu=True,
        save_strategy="no",
        report_to=[],
        logging_steps=1,
        disable_tqdm=True,
        shuffle_dataset=False,
    )
    prompts = datasets.Dataset.from_dict({"prompt": job["prompts"] * job["steps"]})
    steps, generation = Steps(), Clock()
    trainer = trl.GRPOTrainer(
        model=model,
        reward_funcs=rewards,
        args=config,
        train_dataset=prompts,
        processing_class=tokenizer,
        callbacks=[steps],
    )
    difference = compare(trainer, job["first"]) if job.get("first") else None
    trainer._generate_single_turn = generation(trainer._generate_single_turn)
    trainer.train()
    lines = [line for line in trainer.state.log_history if "completions/mean_length" in line]
    assert {line["completions/mean_length"] for line in lines} == {job["tokens"]}, lines
    return {
        "version": f"trl {trl.__version__}, transformers {transformers.__version__}, torch {torch.__version__}",
        "prompt_tokens": [tokenizer(text)["input_ids"] for text in job["prompts"]],
        "steps": steps.spent,
        "generation": generation.spent,
        "norm": [line["grad_norm"] for line in lines],
        "difference": difference,
    }


@torch.no_grad()
def compare(trainer: trl.GRPOTrainer, rollouts: list[Any]) -> float:
    """max |Δ log-probability| between trl's own scoring and the numbers that came with ``rollouts``."""
    worst = 0.0
    for prompt, completion, logprobs in rollouts:
        ids = torch.tensor([[*prompt, *completion]])
        scored = trainer._get_per_token_logps_and_entropies(
            trainer.model, ids, torch.ones_like(ids), len(completion), compute_entropy=False
        )
        worst = max(worst, float((scored[0][0] - torch.tensor(logprobs)).abs().max()))
    return worst


serve(do)
