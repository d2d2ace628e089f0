from fathom.server.conversations.context import Citation, Turn, TurnContext


def test_a_turn_is_silent_until_a_provider_reports():
    lines = []
    turn = Turn("c", None, "Why?", (), False, 1000, 1, lines.append)
    turn.report("reading a page")
    assert lines == ["reading a page"]


def test_nothing_is_added_by_default():
    assert TurnContext() == TurnContext("", "", ())
    assert Citation(1, "web", "A page", "id").supported is None
