"""Parameter groups of the optimizers: hidden matrices, embedding and head, vectors.

The kind follows from what a parameter is in the model, never from a part of its name.
"""

from __future__ import annotations

from dataclasses import dataclass

from torch import nn

from fathom.model.transformer import Transformer

Named = tuple[str, nn.Parameter]


@dataclass(frozen=True, slots=True)
class ParameterGroups:
    """Trainable parameters by kind, in the model's order.

    ``matrices``: what a hidden state is multiplied with, stacks of experts (E, O, I) and routers included.
    ``embeddings``: one row a token: embedding and head. ``vectors``: norms and biases.
    """

    matrices: tuple[Named, ...]
    embeddings: tuple[Named, ...]
    vectors: tuple[Named, ...]


def group_parameters(model: nn.Module) -> ParameterGroups:
    """Every parameter of ``model`` that requires a gradient, in exactly one group."""
    tables = {id(module.weight) for module in model.modules() if isinstance(module, nn.Embedding)}
    if isinstance(model, Transformer) and model.head is not None:
        tables.add(id(model.head.weight))
    trained = [(name, parameter) for name, parameter in model.named_parameters() if parameter.requires_grad]
    return ParameterGroups(
        matrices=tuple(named for named in trained if named[1].dim() > 1 and id(named[1]) not in tables),
        embeddings=tuple(named for named in trained if id(named[1]) in tables),
        vectors=tuple(named for named in trained if named[1].dim() < 2),
    )
