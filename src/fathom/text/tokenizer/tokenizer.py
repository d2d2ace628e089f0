"""Text to token ids and back, over the `tokenizers` library.

The library encodes; decoding is our own (`fathom.text.tokenizer.detokenizer`), one path for whole texts and streams,
because a server decodes one token at a time and must never send part of a character. Tokens that carry structure
(`fathom.text.markers`) are always decoded, even if the vocabulary calls them special.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Mapping
from functools import cached_property
from pathlib import Path
from typing import Any

from tokenizers import AddedToken
from tokenizers import Tokenizer as Backend

from fathom.base.errors import TokenizerError
from fathom.text.markers import STRUCTURE
from fathom.text.tokenizer.detokenizer import Detokenizer
from fathom.text.tokenizer.gguf import backend_from_gguf
from fathom.text.tokenizer.prefix_space import without_prefix_space
from fathom.text.tokenizer.special import SpecialIds, read_json, special_ids_from_directory, special_ids_from_gguf
from fathom.text.tokenizer.token_bytes import token_decoding


class Tokenizer:
    """A vocabulary with its encoding and decoding. Safe to use from several threads.

    ``bos_id`` opens a text (None: the vocabulary has no such token), ``eos_ids`` each end one; ``adds_bos``: text
    outside any chat template should start with ``bos_id``. ``vocab_size`` counts ids, added tokens included; a model's
    embedding is often padded beyond it.
    """

    def __init__(self, backend: Backend, special: SpecialIds, *, size: int = 0) -> None:
        self._backend = backend
        self._decoding = token_decoding(backend)
        added = backend.get_added_tokens_decoder()
        self._hidden = frozenset(i for i, token in added.items() if token.special and token.content not in STRUCTURE)
        self._bytes: dict[int, bytes] = {}
        size_with_added: int = backend.get_vocab_size(with_added_tokens=True)
        self.vocab_size = max(size_with_added, size, 1 + max(added, default=-1))  # ids may have holes
        self.bos_id = special.bos
        self.eos_ids = special.eos
        self._named_eos = special.named_eos
        self.adds_bos = special.adds_bos

    @classmethod
    def from_directory(cls, path: str | Path) -> Tokenizer:
        """From tokenizer.json and the files beside it. Raises TokenizerError if it is missing or invalid."""
        directory = Path(path)
        file = directory / "tokenizer.json"
        if not file.is_file():
            raise TokenizerError(
                f"there is no tokenizer.json in {directory}",
                "save one with transformers' AutoTokenizer.save_pretrained, or use the model's GGUF file",
            )
        try:
            backend = Backend.from_file(str(file))
        except Exception as error:  # tokenizers raises bare Exceptions
            raise TokenizerError(f"{file} cannot be read: {error}", "download the file again") from error
        backend.no_truncation()
        backend.no_padding()
        backend.add_tokens(_tokens_beside(directory, backend))
        prefix = backend.encode("", add_special_tokens=True).ids
        return cls(backend, special_ids_from_directory(directory, backend.token_to_id, prefix))

    @classmethod
    def from_gguf(cls, metadata: Mapping[str, Any]) -> Tokenizer:
        """From the metadata of a GGUF file (keys as in the file). Raises TokenizerError for a vocabulary that is
        missing, of an unknown kind, or with an unknown pre-tokenizer."""
        backend = backend_from_gguf(metadata)
        return cls(backend, special_ids_from_gguf(metadata), size=len(metadata["tokenizer.ggml.tokens"]))

    def encode(self, text: str, *, bos: bool = False, special: bool = True, continues: bool = False) -> list[int]:
        """Token ids of ``text``; ``bos`` adds the BOS token first, if there is one.

        The texts of added tokens are encoded as these tokens, as chat templates need; with ``special=False`` as
        ordinary text. With ``continues`` the text follows another one, so a SentencePiece encoder puts no space before
        it. Lone surrogates, which UTF-8 cannot encode, become U+FFFD.
        """
        text = _without_surrogates(text)
        ids = [self.bos_id] if bos and self.bos_id is not None else []
        if continues and self._decoding.strip_space:
            added = self._added_pattern.search(text) if special else None
            end = added.start() if added else len(text)
            ids += self._continuing.encode(text[:end], add_special_tokens=False).ids
            text = text[end:]
        backend = self._backend if special else self._plain
        return ids + backend.encode(text, add_special_tokens=False).ids if text else ids

    def decode(self, ids: Iterable[int], *, skip_special: bool = True, continues: bool = False) -> str:
        """The text of ``ids``. Ids outside the vocabulary decode to nothing.

        A SentencePiece encoder puts a space before a text, which decoding removes; with ``continues`` the ids follow
        others of the same text (a completion after its prompt), and their first space is their own.
        """
        detokenizer = self.detokenizer(skip_special=skip_special, continues=continues)
        return "".join([detokenizer.push(index) for index in ids]) + detokenizer.flush()

    def detokenizer(self, *, skip_special: bool = True, continues: bool = False) -> Detokenizer:
        """A new decoder for one stream of ids, with the parameters of `decode`."""
        bytes_of = self._shown_bytes if skip_special else self._any_bytes
        return Detokenizer(bytes_of, strip_space=self._decoding.strip_space and not continues)

    def token_bytes(self, token_id: int) -> bytes:
        """The bytes of a token: not always whole characters. Raises TokenizerError for an unknown id."""
        if not 0 <= token_id < self.vocab_size or self._backend.id_to_token(token_id) is None:
            raise TokenizerError(f"token {token_id} is not in the vocabulary", f"use an id below {self.vocab_size}")
        return self._any_bytes(token_id)

    def token_id(self, token: str) -> int | None:
        """The id of a token by its text in the vocabulary (`Ġthe`, `<think>`); None if there is none."""
        token_id: int | None = self._backend.token_to_id(token)
        return token_id

    def token_text(self, token_id: int | None) -> str | None:
        """A token's text in the vocabulary, the inverse of `token_id`."""
        if token_id is None or not 0 <= token_id < self.vocab_size:
            return None
        token: str | None = self._backend.id_to_token(token_id)
        return token

    @cached_property
    def added_tokens(self) -> tuple[str, ...]:
        """The texts that encoding matches first, special or not."""
        return tuple(token.content for token in self._backend.get_added_tokens_decoder().values())

    @cached_property
    def added_ids(self) -> frozenset[int]:
        """The ids of :attr:`added_tokens`."""
        return frozenset(self._backend.get_added_tokens_decoder())

    @cached_property
    def fingerprint(self) -> str:
        """SHA-256 of the bytes of every id. Two vocabularies with the same fingerprint can read each other's token
        files, whatever file format they came from."""
        digest = hashlib.sha256(f"{self.vocab_size}".encode())
        for index in range(self.vocab_size):
            data = self._any_bytes(index)
            digest.update(len(data).to_bytes(4, "little") + data)
        return digest.hexdigest()

    @property
    def special_ids(self) -> frozenset[int]:
        """Tokens that `decode` leaves out by default."""
        return self._hidden

    def save(self, directory: str | Path) -> None:
        """Write tokenizer.json and tokenizer_config.json as transformers' AutoTokenizer reads them.

        They hold one EOS token, the one that was named where these were read; further ones belong into
        generation_config.json, which the checkpoint writes.
        """
        folder = Path(directory)
        folder.mkdir(parents=True, exist_ok=True)
        self._backend.save(str(folder / "tokenizer.json"))
        named_eos = min(self.eos_ids, default=None) if self._named_eos is None else self._named_eos
        config = {
            "tokenizer_class": "PreTrainedTokenizerFast",
            "bos_token": self.token_text(self.bos_id),
            "eos_token": self.token_text(named_eos),
            "add_bos_token": self.adds_bos,
            "clean_up_tokenization_spaces": False,
            "model_max_length": 10**9,
        }
        text = json.dumps(config, ensure_ascii=False, indent=2)
        (folder / "tokenizer_config.json").write_text(text + "\n", encoding="utf-8")

    @cached_property
    def _plain(self) -> Backend:
        """The same model without its added tokens. It shares the vocabulary, so it takes no memory."""
        plain = Backend(self._backend.model)
        if self._backend.normalizer is not None:
            plain.normalizer = self._backend.normalizer
        if self._backend.pre_tokenizer is not None:
            plain.pre_tokenizer = self._backend.pre_tokenizer
        return plain

    @cached_property
    def _continuing(self) -> Backend:
        return without_prefix_space(self._backend)

    @cached_property
    def _added_pattern(self) -> re.Pattern[str]:
        return re.compile("|".join(map(re.escape, self.added_tokens)) or r"(?!)")

    def _any_bytes(self, token_id: int) -> bytes:
        data = self._bytes.get(token_id)
        if data is None:
            token = self.token_text(token_id)
            data = b"" if token is None else self._decoding.to_bytes(token)
            self._bytes[token_id] = data
        return data

    def _shown_bytes(self, token_id: int) -> bytes:
        return b"" if token_id in self._hidden else self._any_bytes(token_id)


def _tokens_beside(directory: Path, backend: Backend) -> list[AddedToken]:
    """Added tokens that only tokenizer_config.json names: older transformers kept some there."""
    listed = read_json(directory / "tokenizer_config.json").get("added_tokens_decoder", {})
    missing = []
    for index, entry in sorted(listed.items(), key=lambda item: int(item[0])):
        if backend.token_to_id(entry["content"]) is None:
            flags = {key: bool(entry.get(key, False)) for key in ("special", "lstrip", "rstrip", "single_word")}
            missing.append(AddedToken(entry["content"], normalized=bool(entry.get("normalized", True)), **flags))
            expected = backend.get_vocab_size(with_added_tokens=True) + len(missing) - 1
            if int(index) != expected:
                raise TokenizerError(
                    f"tokenizer_config.json gives {entry['content']!r} the id {index}; the next free one is {expected}",
                    "save the tokenizer again with transformers",
                )
    return missing


def _without_surrogates(text: str) -> str:
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return text
