"""The C interface as ctypes: what is read from the header, and that the compiler lays it out alike."""

from __future__ import annotations

import ctypes
import subprocess

import pytest

from fathom.kernels.cpu import interface, library

HEADER = """
// A comment; with struct Nothing { int x; };
#pragma once
namespace fathom {
constexpr int64_t SIZE = 12;  // of it
enum Format : int32_t { WIDE = 0, NARROW = 3 };
struct Inner {
  const float *x, *y;  // two
  int32_t small;
};
struct Outer {
  Inner first, second;
  int64_t count;
  float scale;
};
extern "C" {
FATHOM_EXPORT void fathom_go(const Outer* outer, const float* numbers,
                             int64_t n, float eps, int threads);
FATHOM_EXPORT int64_t fathom_count(void* data);
}  // extern "C"
}
"""


def test_a_header_becomes_structures_signatures_and_constants() -> None:
    found = interface.parse(HEADER)
    assert found.constants == {"SIZE": 12}
    assert found.enum == {"WIDE": 0, "NARROW": 3}
    inner, outer = found.structs["Inner"], found.structs["Outer"]
    assert inner._fields_ == [("x", ctypes.c_void_p), ("y", ctypes.c_void_p), ("small", ctypes.c_int32)]
    assert [name for name, _ in outer._fields_] == ["first", "second", "count", "scale"]
    assert outer._fields_[1][1] is inner
    go = found.functions["fathom_go"]
    assert go.result is None
    assert go.arguments == (ctypes.POINTER(outer), ctypes.c_void_p, ctypes.c_int64, ctypes.c_float, ctypes.c_int)
    assert found.functions["fathom_count"] == (ctypes.c_int64, (ctypes.c_void_p,))


@pytest.mark.parametrize(
    "text", ["struct S { Unknown x; };", "typedef int Number;", "struct S { int x[4]; };", "constexpr int N = 2 * 8;"]
)
def test_what_it_cannot_read_is_an_error(text) -> None:
    with pytest.raises(ValueError, match=r"interface\.h"):
        interface.parse(text)


def test_a_structure_needs_a_value_for_every_field() -> None:
    made = interface.struct("Strided", data=None, row=3, column=1)
    assert (made.data, made.row, made.column) == (None, 3, 1)
    with pytest.raises(TypeError, match=r"Strided: missing or unknown fields \['column'\]"):
        interface.struct("Strided", data=None, row=3)
    with pytest.raises(TypeError, match=r"missing or unknown fields \['depth'\]"):
        interface.struct("Strided", data=None, row=3, column=1, depth=2)


@pytest.mark.usefixtures("kernels")
class TestWithACompiler:
    def test_the_compiler_has_the_same_layout(self, tmp_path) -> None:
        """Sizes and offsets of every field, by static assertions."""
        lines = ["#include <cstddef>", '#include "interface.h"', "using namespace fathom;"]
        for name, struct in interface.STRUCTS.items():
            lines.append(f"static_assert(sizeof({name}) == {ctypes.sizeof(struct)});")
            lines += [
                f"static_assert(offsetof({name}, {field[0]}) == {getattr(struct, field[0]).offset});"
                for field in struct._fields_
            ]
        source = tmp_path / "layout.cpp"
        source.write_text("\n".join(lines))
        command = [library.find_compiler(), "-std=gnu++17", "-fsyntax-only", f"-I{library.HERE}", str(source)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr

    def test_every_function_has_its_signature(self) -> None:
        lib = library.get_library()
        for name, signature in interface.INTERFACE.functions.items():
            function = getattr(lib, name)
            assert (function.restype, tuple(function.argtypes)) == signature
        with pytest.raises(ctypes.ArgumentError):
            lib.fathom_swiglu("gate", None, None, 0, 0, 1)

    def test_the_name_of_the_built_library_covers_the_header(self, monkeypatch, tmp_path) -> None:
        compiler = library.find_compiler()
        before = library._key(compiler)
        header = tmp_path / "interface.h"
        header.write_text(interface.HEADER.read_text() + "\n// one more line\n")
        files = {pattern: library._files(pattern) for pattern in ("*.cpp", "*.h")}
        files["*.h"] = [header if path.name == "interface.h" else path for path in files["*.h"]]
        monkeypatch.setattr(library, "_files", files.__getitem__)
        assert library._key(compiler) != before
