from fathom.engine.grammar import GrammarCompiler
from fathom.engine.request import AnswerStop, GrammarSpec
from fathom.engine.transcript import Transcript

EOS = 257


def push_all(transcript, data):
    return [transcript.push(byte) for byte in data]


def test_text_ends_at_whole_characters_and_before_the_stop(vocabulary):
    transcript = Transcript(vocabulary.detokenizer(), stops=("!",))
    assert push_all(transcript, "aé!".encode()) == [("a", False), ("", False), ("é", False), ("", True)]


def test_an_end_token_flushes_held_text(vocabulary):
    transcript = Transcript(vocabulary.detokenizer(), stops=("ab",), ends=frozenset({EOS}))
    assert push_all(transcript, [ord("a"), EOS]) == [("", False), ("a", True)]


def test_an_incomplete_character_is_replaced_at_the_end(vocabulary):
    transcript = Transcript(vocabulary.detokenizer(), stops=("x\ufffd",))
    assert push_all(transcript, b"x\xc3") == [("", False), ("", False)]
    assert transcript.flush() == ("", True)


def test_stops_of_the_answer_and_of_everything(vocabulary):
    def transcript():
        return Transcript(vocabulary.detokenizer(), stops=("#",), answer_stop=AnswerStop(("x",), "", "</think>"))

    assert transcript().extend([*b"ax</think>bxc"])[:3] == ("ax</think>b", 12, True)
    assert transcript().extend([*b"ax#</think>"])[:3] == ("ax", 3, True)
    held = transcript()
    assert push_all(held, "a</think>é".encode())[-2:] == [("", False), ("é", False)]
    assert held.flush() == ("", False)


def test_a_complete_grammar_ends_the_completion(vocabulary):
    matcher = GrammarCompiler(vocabulary).compile(GrammarSpec("regex", "ab")).start()
    transcript = Transcript(vocabulary.detokenizer(), stops=("bc",), grammar=matcher)
    assert push_all(transcript, b"ab") == [("a", False), ("b", True)]


def test_without_a_vocabulary_there_are_only_tokens():
    transcript = Transcript(None, ends=frozenset({5}))
    assert push_all(transcript, [4, 5]) == [("", False), ("", True)]
    assert transcript.flush() == ("", False)


def test_several_tokens_are_taken_until_one_ends_the_completion(vocabulary):
    transcript = Transcript(vocabulary.detokenizer(), stops=("!",), ends=frozenset({EOS}))
    assert transcript.extend([*b"ab"])[:3] == ("ab", 2, False)
    assert transcript.extend([*b"c!d"])[:3] == ("c", 2, True)
    transcript = Transcript(vocabulary.detokenizer(), ends=frozenset({EOS}))
    assert transcript.extend([ord("a"), EOS, ord("b")])[:3] == ("a", 2, True)


def test_a_token_spans_the_characters_that_it_completes(vocabulary):
    transcript = Transcript(vocabulary.detokenizer(), stops=("!?",), ends=frozenset({EOS}))
    assert transcript.extend([*"aé".encode()]).spans == ((0, 1), (1, 1), (1, 2))
    assert transcript.extend([*b"!"]) == ("", 1, False, ((2, 3),))  # held back, and counted
    assert transcript.extend([*b"b", EOS]) == ("!b", 2, True, ((3, 4), (4, 4)))


def test_several_tokens_without_text():
    transcript = Transcript(None, ends=frozenset({5}))
    assert transcript.extend([1, 2, 3]) == ("", 3, False, ())
    assert transcript.extend([1, 5, 3]) == ("", 2, True, ())
