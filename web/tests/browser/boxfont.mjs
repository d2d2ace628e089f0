/**
 * A font that draws every letter as a box: half an em wide, or a whole one where East Asian letters begin. With it a picture
 * of the page does not depend on the fonts of the machine, on their versions or on how they are smoothed.
 */

const EM = 1000;
const [ASCENT, DESCENT] = [800, 200];
const NARROW = 500;
const WIDE_FROM = 0x2e80; // CJK radicals, and all that Unicode has after them

const u16 = (...values) => Buffer.concat(values.map((value) => Buffer.from([(value >> 8) & 255, value & 255])));
const u32 = (...values) => Buffer.concat(values.map((value) => u16(value >>> 16, value & 0xffff)));
const padded = (bytes) => Buffer.concat([bytes, Buffer.alloc(-bytes.length & 3)]);

/** The outline of a box from the baseline to the height of an x, with a gap to its neighbours. */
function box(width) {
  const [left, right, top] = [60, width - 60, 520];
  const points = [1, 1, 1, 1]; // all on the curve, with 16-bit distances
  const x = u16(left, 0, right - left, 0);
  const y = u16(0, top, 0, -top);
  return padded(Buffer.concat([u16(1, left, 0, right, top), u16(3), u16(0), Buffer.from(points), x, y]));
}

/** The font file, TrueType: glyph 0 and 1 are empty, 2 is the narrow box, 3 the wide one. */
export function boxFont() {
  const glyphs = [Buffer.alloc(0), Buffer.alloc(0), box(NARROW), box(EM)];
  const widths = [NARROW, NARROW, NARROW, EM];
  const offsets = glyphs.reduce((all, glyph) => [...all, all.at(-1) + glyph.length], [0]);
  const groups = [[0x20, 0x20, 1], [0x21, 0x9f, 2], [0xa0, 0xa0, 1], [0xa1, 0x1fff, 2], [0x2000, 0x200a, 1], [0x2010, WIDE_FROM - 1, 2], [WIDE_FROM, 0x2fff, 3], [0x3000, 0x3000, 1], [0x3001, 0x1ffff, 3]];
  const cmap13 = Buffer.concat([u16(13, 0), u32(16 + 12 * groups.length, 0, groups.length), ...groups.map((group) => u32(...group))]);
  const name = Buffer.from("Boxes", "utf16le").swap16();
  const names = [1, 2, 3, 4, 6];
  const tables = {
    "OS/2": Buffer.concat([u16(4, NARROW, 400, 5, 0), u16(...Array(10).fill(100)), u16(0), Buffer.alloc(10), u32(1, 0, 0, 0), Buffer.from("NONE"), u16(0x40, 0x20, 0xffff, ASCENT, -DESCENT, 0, ASCENT, DESCENT), u32(1, 0), u16(520, 700, 0, 0x20, 1)]),
    cmap: Buffer.concat([u16(0, 1, 3, 10), u32(12), cmap13]),
    glyf: Buffer.concat(glyphs),
    head: Buffer.concat([u32(0x10000, 0x10000, 0, 0x5f0f3cf5), u16(0, EM), Buffer.alloc(16), u16(0, 0, EM, 520, 0, 8, 2, 1, 0)]),
    hhea: Buffer.concat([u32(0x10000), u16(ASCENT, -DESCENT, 0, EM, 0, 0, EM, 1, 0, 0, 0, 0, 0, 0, 0, widths.length)]),
    hmtx: Buffer.concat(widths.map((width, glyph) => u16(width, glyph > 1 ? 60 : 0))),
    loca: u32(...offsets),
    maxp: Buffer.concat([u32(0x10000), u16(glyphs.length, 4, 1, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 0)]),
    name: Buffer.concat([u16(0, names.length, 6 + 12 * names.length), ...names.map((id) => u16(3, 1, 0x409, id, name.length, 0)), name]),
    post: u32(0x30000, 0, 0, 0, 0, 0, 0, 0),
  };
  const tags = Object.keys(tables);
  let at = 12 + 16 * tags.length;
  const directory = [];
  for (const tag of tags) {
    directory.push(Buffer.from(tag), u32(checksum(padded(tables[tag])), at, tables[tag].length));
    at += padded(tables[tag]).length;
  }
  const searched = 2 ** Math.floor(Math.log2(tags.length));
  const head = Buffer.concat([u32(0x10000), u16(tags.length, 16 * searched, Math.log2(searched), 16 * (tags.length - searched))]);
  return Buffer.concat([head, ...directory, ...tags.map((tag) => padded(tables[tag]))]);
}

function checksum(bytes) {
  let sum = 0;
  for (let at = 0; at < bytes.length; at += 4) sum = (sum + bytes.readUInt32BE(at)) >>> 0;
  return sum;
}
