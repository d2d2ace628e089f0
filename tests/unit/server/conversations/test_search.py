"""Full-text search, on both databases: languages, what is left out, order, windows, hostile queries."""

from __future__ import annotations

import pytest
from sqlalchemy import text

from fathom.base.errors import RequestError
from fathom.server.conversations import search
from fathom.server.conversations.messages import insert_message
from fathom.server.conversations.search import expression
from fathom.server.conversations.terms import query_terms

TEXTS = {
    "english": "How does DeepSeek-R1 think about reinforcement learning?",
    "german": "Wie groß ist die Größenordnung?",
    "chinese": "深度求索的模型怎么思考？",
    "japanese": "強化学習について教えてください",
    "korean": "강화 학습을 설명해 주세요",
    "thai": "สวัสดีชาวโลก",
    "hindi": "हिन्दी की बात",
    "arabic": "ما هو التَعَلُّم المُعَزَّز؟",
    "code": "def getUserName(user_id): return names[user_id]",
}


@pytest.mark.parametrize(
    ("query", "languages"),
    [
        ("deepseek", ["english"]),
        ("DEEP", ["english"]),
        ("seek", ["english"]),
        ("learning reinforce", ["english"]),
        ("GROSSE", ["german"]),
        ("groß", ["german"]),
        ("grossenord", ["german"]),
        ("求索", ["chinese"]),
        ("深", ["chinese"]),
        ("思考", ["chinese"]),
        ("学習", ["japanese"]),
        ("教", ["japanese"]),
        ("학습", ["korean"]),
        ("명", ["korean"]),
        ("ชาวโลก", ["thai"]),
        ("हिन्दी", ["hindi"]),
        ("التعلم", ["arabic"]),
        ("user name", ["code"]),
        ("username", []),
        ("getusername", ["code"]),
        ("r1", ["english"]),
        ("思維", []),
        ("no such", []),
    ],
)
async def test_any_language(chats, query, languages):
    ids = {(await chats.chat(sentence))[0]: name for name, sentence in TEXTS.items()}
    hits = (await chats.search.find(query, kind="question")).data
    assert sorted(ids[hit.conversation] for hit in hits) == languages


async def test_hits_say_what_and_where(chats):
    identifier, (question,) = await chats.chat("the question about tides")
    async with chats.database.write() as connection:
        content = [{"type": "thinking", "text": "tides think"}, {"type": "answer", "text": "tides answer"}]
        answer = await insert_message(connection, identifier, question.id, "assistant", content)
    await chats.conversations.change(identifier, {"title": "Tides"})
    page = await chats.search.find("tide")
    title, *others = page.data
    assert (title.kind, title.message, title.snippet.text, title.snippet.marks) == ("title", None, "Tides", ((0, 4),))
    assert {(hit.kind, hit.message) for hit in others} == {
        ("question", question.id),
        ("thinking", answer.id),
        ("answer", answer.id),
    }
    assert all(hit.title == "Tides" and hit.conversation == identifier for hit in page.data)
    assert [hit.kind for hit in (await chats.search.find("tide", kind="answer")).data] == ["answer"]
    assert [hit.kind for hit in (await chats.search.find("tide", kind="title")).data] == ["title"]


async def test_what_is_not_found(chats):
    gone, _ = await chats.chat("needle in the trash")
    await chats.chat("needle in a temporary chat", temporary=True)
    kept, _ = await chats.chat("needle")
    await chats.conversations.trash(gone)
    assert {hit.conversation for hit in (await chats.search.find("needle")).data} == {kept}
    await chats.conversations.restore(gone)
    assert {hit.conversation for hit in (await chats.search.find("needle")).data} == {kept, gone}


async def test_hits_are_read_in_windows(chats):
    ids = [(await chats.chat(f"common number{i}", title="x"))[0] for i in range(7)]
    seen: list[str] = []
    after = None
    while True:
        page = await chats.search.find("common", limit=3, after=after)
        seen += [hit.conversation for hit in page.data]
        after = page.next
        if after is None:
            break
    assert seen == ids[::-1]


async def test_a_word_of_too_many_texts_shows_the_newest(chats, monkeypatch):
    monkeypatch.setattr(search, "MOST_HITS", 3)
    ids = [(await chats.chat("common " * (1 + i % 2), title="x"))[0] for i in range(6)]
    assert [hit.conversation for hit in (await chats.search.find("common")).data] == ids[:2:-1]


async def test_a_long_text_is_one_hit(chats):
    await chats.chat("filler " * 4000 + "needle " + "filler " * 4000, title="x")
    hits = (await chats.search.find("filler")).data
    assert len(hits) == 1
    (hit,) = (await chats.search.find("needle")).data
    assert "needle" in hit.snippet.text
    assert len(hit.snippet.text) < 200


HOSTILE = (
    '"', "'", '" OR "a', "a* OR b", "NEAR(a b)", "a:b", "terms:needle", "^a", "(", "a & !b <-> c:*", "\\", "\0", "a\0b",
    "%_", "",
)  # fmt: skip


@pytest.mark.parametrize("query", HOSTILE)
async def test_what_a_person_types_is_no_query_language(chats, query):
    await chats.chat("needle and hay")
    assert all("needle" in hit.snippet.text for hit in (await chats.search.find(query)).data)


@pytest.mark.parametrize("cursor", ["x", "-1", "9999999", "１", ""])
async def test_a_cursor_of_another(chats, cursor):
    with pytest.raises(RequestError, match="not one of ours"):
        await chats.search.find("a", after=cursor)


async def test_texts_too_large_for_one_vector(chats):
    """PostgreSQL's tsvector holds a megabyte, and counts positions up to 16 383."""
    everything = "".join(map(chr, range(0x4E00, 0x9FFF))) * 2
    await chats.chat(everything + "针", title="x")
    assert len((await chats.search.find("针")).data) == 1


def test_a_query_in_both_languages():
    asked = query_terms("deep 你好世 ab")
    assert expression("sqlite", asked, "title") == '("deep" * AND "你好 好世" AND "ab") AND "·title"'
    assert expression("sqlite", asked, None) == '("deep" * AND "你好 好世" AND "ab") NOT "·title"'
    assert expression("postgresql", asked, None) == "('deep':*) & ('你好' <-> '好世') & ('ab') & !'·title'"


async def test_the_conversations_of_hits_are_looked_up_by_their_keys(sqlite):
    query = "SELECT id, deleted, temporary FROM conversations WHERE id IN ('a', 'b')"
    async with sqlite.read() as connection:
        plan = [row.detail for row in await connection.execute(text(f"EXPLAIN QUERY PLAN {query}"))]
    assert plan == ["SEARCH conversations USING INDEX sqlite_autoindex_conversations_1 (id=?)"]


async def test_the_index_is_used(sqlite):
    query = "SELECT rowid FROM search_index WHERE search_index MATCH '\"a\"' ORDER BY rowid DESC LIMIT 10"
    async with sqlite.read() as connection:
        plan = [row.detail for row in await connection.execute(text(f"EXPLAIN QUERY PLAN {query}"))]
    assert len(plan) == 1, plan
    assert "VIRTUAL TABLE INDEX" in plan[0], plan
