from fathom.engine.constrain import Grammars
from fathom.engine.request import GrammarSpec
from fathom.engine.transcript import Transcript

EOS = 257


def pushed(transcript, data):
    return [transcript.push(byte) for byte in data]


def test_text_waits_for_whole_characters_and_stops_before_the_stop(vocabulary):
    transcript = Transcript(vocabulary.detokenizer(), stops=("!",))
    assert pushed(transcript, "aé!".encode()) == [("a", False), ("", False), ("é", False), ("", True)]


def test_an_end_token_brings_out_what_was_held_back(vocabulary):
    transcript = Transcript(vocabulary.detokenizer(), stops=("ab",), ends=frozenset({EOS}))
    assert pushed(transcript, [ord("a"), EOS]) == [("", False), ("a", True)]


def test_an_open_character_is_replaced_at_the_end(vocabulary):
    transcript = Transcript(vocabulary.detokenizer(), stops=("x\ufffd",))
    assert pushed(transcript, b"x\xc3") == [("", False), ("", False)]
    assert transcript.flush() == ("", True)


def test_a_complete_grammar_ends_the_completion(vocabulary):
    constraint = Grammars(vocabulary).compile(GrammarSpec("regex", "ab"))
    transcript = Transcript(vocabulary.detokenizer(), stops=("bc",), constraint=constraint)
    assert pushed(transcript, b"ab") == [("a", False), ("b", True)]


def test_without_a_vocabulary_there_are_only_tokens():
    transcript = Transcript(None, ends=frozenset({5}))
    assert pushed(transcript, [4, 5]) == [("", False), ("", True)]
    assert transcript.flush() == ("", False)
