"""Our model and our loss, as the training loop calls them; no documents to keep apart, no further token to predict."""

from pathlib import Path
from typing import Any

import torch
import training_protocol
from torch import Tensor, nn

from fathom import __version__
from fathom.base.memory import keep_freed
from fathom.checkpoint.hf.directory import HFDirectory
from fathom.checkpoint.load import load
from fathom.model.transformer import Transformer
from fathom.train.supervised.losses import predict


def build(job: dict[str, Any]) -> tuple[nn.Module, training_protocol.Loss, str]:
    keep_freed()
    source = HFDirectory(Path(job["model"]))
    model = Transformer(source.model_config)
    load(model, source.weights, source.table, where=source.path)

    def loss(tokens: Tensor, targets: Tensor) -> Tensor:
        everywhere = torch.ones_like(targets, dtype=torch.bool)
        return predict(model, model.hidden_states(tokens), targets, everywhere).loss / targets.numel()

    return model.to(job["device"]), loss, f"fathom {__version__}"


training_protocol.serve(build)
