"""One of two processes that train together, started with torchrun's variables.

It goes through everything that the tests compare with a single process, because starting costs more than training. In
the end one of them dies without a word.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

import torch
from ranked_runs import begun, finish, gradients, reinforced, whole

from fathom.base.distributed import RanksError, World, process_group


def main(place: Path) -> None:
    """``place`` holds ``begun-alone``, a run to finish."""
    torch.set_num_threads(1)
    try:
        with process_group() as world:
            together(place, world)
            if world.rank == 1:
                os._exit(9)  # as a kill does it
            world.any(False)
    except RanksError as error:
        (place / "left-alone").write_text(f"{error.message}; {error.remedy}")


def together(place: Path, world: World) -> None:
    gradients(place / "gradients", world)
    whole(place / "whole", world)
    begun(place / "begun-by-two", world)
    finish(place / "begun-alone", world)
    reinforced(place / "reinforced", world)
    try:
        world.check_equal("the number", world.rank)
    except RanksError as error:
        (place / f"disagreed-{world.rank}").write_text(str(error))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
