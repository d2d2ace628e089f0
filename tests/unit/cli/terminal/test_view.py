import io

from rich.console import Console

from fathom.cli.terminal.view import LiveView, PlainView


def screen() -> tuple[Console, io.StringIO]:
    out = io.StringIO()
    return Console(file=out, width=40, height=10, color_system=None, force_terminal=False), out


def test_a_pipe_gets_only_the_answer() -> None:
    out = io.StringIO()
    view = PlainView(out)
    view.think("hmm")
    for piece in ("Hel", "", "lo"):
        view.answer(piece)
    view.close()
    assert out.getvalue() == "Hello\n"


def test_a_pipe_gets_one_newline_and_none_without_an_answer() -> None:
    out = io.StringIO()
    view = PlainView(out)
    view.close()
    view.answer("done\n")
    view.close()
    assert out.getvalue() == "done\n"


def test_thinking_is_shown_in_its_own_pane_with_its_time() -> None:
    console, out = screen()
    now = 0.0
    view = LiveView(console, clock=lambda: now)
    view.think("First I ")
    view.think("wonder.\n")
    now = 2.5
    view.answer("**Hi**")
    now = 9.0
    view.close()
    assert out.getvalue() == (
        "╭─ thought for 2.5 s ──────────────────╮\n"
        "│ First I wonder.                      │\n"
        "╰──────────────────────────────────────╯\n"
        "Hi                                      \n"
    )


def test_an_answer_longer_than_the_screen_is_printed_once() -> None:
    console, out = screen()
    view = LiveView(console)
    for number in range(30):
        view.answer(f"Paragraph {number}.\n\n")
    view.close()
    for number in range(30):
        assert out.getvalue().count(f"Paragraph {number}.") == 1


def test_on_a_terminal_the_unfinished_end_is_redrawn() -> None:
    out = io.StringIO()
    console = Console(file=out, width=40, height=6, force_terminal=True, legacy_windows=False)
    view = LiveView(console)
    view.think("\n".join(f"thought {number}" for number in range(20)))
    for number in range(20):
        view.answer(f"word{number}  \n")
    view.close()
    assert "word19" in out.getvalue()


def test_an_empty_answer_prints_nothing() -> None:
    console, out = screen()
    view = LiveView(console)
    view.close()
    assert out.getvalue() == ""
