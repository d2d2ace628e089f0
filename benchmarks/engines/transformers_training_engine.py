"""transformers' model of the same directory, with the experts' implementation that the job names, compiled if asked."""

from typing import Any

import torch
import torch.nn.functional as F
import training_protocol
import transformers
from torch import Tensor, nn


def build(job: dict[str, Any]) -> tuple[nn.Module, training_protocol.Loss, str]:
    transformers.logging.set_verbosity_error()
    choice = {"experts_implementation": job["experts"]} if job.get("experts") else {}
    model = transformers.AutoModelForCausalLM.from_pretrained(job["model"], dtype=torch.float32, **choice)
    model.to(job["device"])
    run = torch.compile(model) if job.get("compiled") else model

    def loss(tokens: Tensor, targets: Tensor) -> Tensor:
        logits = run(input_ids=tokens, use_cache=False).logits
        return F.cross_entropy(logits.float().flatten(0, 1), targets.flatten())

    return model, loss, f"transformers {transformers.__version__}"


training_protocol.serve(build)
