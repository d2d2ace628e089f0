from tokenizers import Tokenizer as Backend
from tokenizers import decoders, models, pre_tokenizers

from fathom.engine.core import EngineCore
from fathom.engine.request import GrammarSpec, Request, SamplingParams
from fathom.engine.vocabulary import Vocabulary
from fathom.text.tokenizer.special import SpecialIds
from fathom.text.tokenizer.tokenizer import Tokenizer


def letters() -> Vocabulary:
    """A real tokenizer whose tokens are the bytes, with one end token."""
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    backend = Backend(models.BPE({letter: i for i, letter in enumerate(alphabet)}, []))
    backend.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    backend.decoder = decoders.ByteLevel()
    backend.add_special_tokens(["<end>"])
    return Tokenizer(backend, SpecialIds(bos=None, eos=frozenset({256}), adds_bos=False))


def test_the_tokenizer_serves_the_engine(gqa, small, run):
    tokenizer = letters()
    assert (tokenizer.vocab_size, tokenizer.eos_ids, tokenizer.special_ids) == (257, frozenset({256}), frozenset({256}))
    assert tokenizer.token_bytes(tokenizer.encode("a")[0]) == b"a"
    request = Request(
        tuple(tokenizer.encode("count: ")),
        SamplingParams(seed=1, stop=("é3",)),
        GrammarSpec("regex", "(é[0-9]){9}"),
    )
    (answer,) = run(EngineCore(gqa, tokenizer, small), request)[0]
    assert answer.reason == "stop"
    assert len(answer.text) in range(0, 19, 2)
    assert "é3" not in answer.text
