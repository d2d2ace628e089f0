import pytest

from fathom.engine.pages import PagePool, page_key, root_key


def chain(*pages, salt=""):
    keys = [root_key(salt)]
    for tokens in pages:
        keys.append(page_key(keys[-1], tokens))
    return keys[1:]


def test_a_key_names_everything_before_it():
    one, two = chain([1, 2], [3, 4])
    assert chain([1, 2], [3, 4]) == [one, two]
    assert chain([3, 4])[0] != two
    assert chain([1, 2], salt="ada")[0] != one
    assert chain([2, 1])[0] != one
    assert root_key("ada", long=True) not in (root_key("ada"), root_key("", long=True))
    assert chain([1], [2, 3, 4])[1] != two


def test_pages_are_given_all_or_none():
    pool = PagePool(3)
    assert sorted(pool.allocate(2)) == [0, 1]
    assert pool.allocate(2) is None
    assert pool.num_available == 1


def test_a_published_page_is_shared_and_outlives_its_holders():
    pool = PagePool(2)
    (key,) = chain([1, 2])
    (page,) = pool.allocate(1)
    pool.publish(page, key)
    assert pool.match([key]) == [page]
    pool.hold([page])
    pool.check_integrity([([page], 1), ([page], 1)])
    pool.release([page])
    pool.release([page])
    pool.check_integrity([])
    assert pool.num_available == 2
    assert pool.match([key]) == [page]


def test_the_least_recently_used_page_is_evicted_first_and_prefixes_last():
    pool = PagePool(3)
    keys = chain([1], [2], [3])
    pages = pool.allocate(3)
    for page, key in zip(pages, keys, strict=True):
        pool.publish(page, key)
    pool.release(pages)
    assert pool.match(keys) == pages
    (taken,) = pool.allocate(1)
    assert taken == pages[2]
    assert pool.match(keys) == pages[:2]
    pool.release([taken])
    pool.check_integrity([])


def test_a_page_computed_twice_is_published_once():
    pool = PagePool(2)
    (key,) = chain([1])
    first, second = pool.allocate(2)
    pool.publish(first, key)
    pool.publish(second, key)
    pool.check_integrity([([first], 1), ([second], 1)])
    pool.release([second])
    assert pool.match([key]) == [first]


def test_a_match_ends_at_the_first_gap():
    pool = PagePool(3)
    keys = chain([1], [2], [3])
    pages = pool.allocate(3)
    pool.publish(pages[0], keys[0])
    pool.publish(pages[2], keys[2])
    assert pool.match(keys) == [pages[0]]


def test_unpublished_pages_do_not_match():
    pool = PagePool(2)
    keys = chain([1], [2])
    pages = pool.allocate(2)
    pool.publish(pages[0], keys[0])
    pool.forget(pages)
    assert pool.match(keys) == []
    assert pool.is_held(pages[0])
    pool.release(pages)
    assert not pool.is_held(pages[0])
    pool.check_integrity([])


@pytest.mark.parametrize(
    ("tables", "message"),
    [
        ([], "page 0 counts 1 references, 0 exist"),
        ([([0, 1, 0], 0)], "a sequence holds a page twice"),
        ([([0, 1], 2), ([0], 1)], "page 0 counts 1 references, 2 exist"),
        ([([0, 1], 0)], "page 1 is writable and published"),
    ],
)
def test_inconsistent_reference_counts_are_detected(tables, message):
    pool = PagePool(2)
    pages = pool.allocate(2)
    assert pages == [0, 1]
    pool.publish(1, chain([1])[0])
    pool.check_integrity([([0, 1], 2)])
    with pytest.raises(AssertionError, match=message):
        pool.check_integrity(tables)
