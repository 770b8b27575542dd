//! The blocks of GGUF files: what lies where, and how it comes into a [`Tile`].
//!
//! Each format is written once, over sixteen outputs at a time; compilers make vectors of it, in the instructions of the
//! path that calls it. The formats: `ggml-common.h` and `dequantize_row_*` in <https://github.com/ggml-org/ggml>.

use super::prefetch::Ahead;
use super::rows::Share;
use super::tile::{INPUTS, Lanes, OUTPUTS, Tile};

/// Sixteen bytes at a place of each of sixteen blocks, four of a block to a number.
pub(super) trait Gather {
    /// Number `k` of the result holds bytes `at + 4 k` to `at + 4 k + 3`.
    fn lanes<const BYTES: usize>(blocks: &[&[u8; BYTES]; OUTPUTS], at: usize) -> [Lanes; 4];

    /// Half-precision numbers in the lower halves, in single precision.
    #[inline(always)]
    fn halves(lanes: Lanes) -> [f32; OUTPUTS] {
        lanes.halves()
    }

    /// The 16 signed factors of `Q6_K`, four bytes of each block a number, and 32 times each as a floor.
    #[inline(always)]
    fn eights(lanes: [Lanes; 4], tile: &mut Tile) {
        eights(lanes, tile);
    }

    /// The 6-bit factors and floors of `Q4_K` and `Q5_K`, from three numbers of four bytes of each block.
    #[inline(always)]
    fn sixes([a, b, c]: [Lanes; 3], tile: &mut Tile) {
        sixes(a, b, c, tile);
    }
}

/// Number by number: as operations on all lanes one after the other it was compiled wrongly (rustc 1.95, several units of
/// code). Of the first four 6 bits lie in a byte each; the others' lower 4 bits follow, and their upper 2 are in the first
/// bytes.
#[inline(always)]
fn sixes(a: Lanes, b: Lanes, c: Lanes, tile: &mut Tile) {
    for k in 0..4 {
        let (at, top) = (8 * k, 8 * k + 6);
        let twice = |v: Lanes| v.map(|v| v << 16 | v);
        tile.scales[k] = a.map(|v| v >> at & 0x3f);
        tile.floors[k] = twice(b.map(|v| v >> at & 0x3f));
        tile.scales[4 + k] = c.with(a, |c, a| (c >> at & 0xf) | (a >> top & 3) << 4);
        tile.floors[4 + k] = twice(c.with(b, |c, b| (c >> (at + 4) & 0xf) | (b >> top & 3) << 4));
    }
}

/// A kind of blocks.
pub(super) trait Format {
    /// A block's bytes.
    type Block;
    /// What the activations share a factor with.
    const SHARE: Share;
    /// Inputs that share a whole factor; only of blocks of 256.
    const GRAIN: usize = 32;
    /// Bits of a weight in a [`Tile`].
    const BITS: u32;
    /// What weights were moved up by, to be unsigned; in blocks of 256 the floors take it off again.
    const MOVED: i32 = 0;
    /// Whether something is added to or taken off each block on its own.
    const BASED: bool;

    fn blocks(bytes: &[u8]) -> &[Self::Block];

    /// Fills a tile, or of a format with blocks of 32 the part of it that starts at input `32 at`. Meanwhile asks for as
    /// many bytes as it reads.
    fn unpack<G: Gather>(blocks: &[&Self::Block; OUTPUTS], at: usize, tile: &mut Tile, ahead: &mut Ahead<'_>);
}

#[inline(always)]
fn low(v: Lanes) -> Lanes {
    v.map(|v| v & 0x0f0f_0f0f)
}

#[inline(always)]
fn high(v: Lanes) -> Lanes {
    v.map(|v| v >> 4 & 0x0f0f_0f0f)
}

#[inline(always)]
fn or(a: Lanes, b: Lanes) -> Lanes {
    a.with(b, |a, b| a | b)
}

/// Halves of two bytes at a place of each block.
#[inline(always)]
fn half<G: Gather, const BYTES: usize>(blocks: &[&[u8; BYTES]; OUTPUTS], at: usize) -> [f32; OUTPUTS] {
    G::halves(Lanes::of(blocks, |b| {
        u32::from(u16::from_le_bytes([b[at], b[at + 1]]))
    }))
}

#[inline(always)]
fn eights(lanes: [Lanes; 4], tile: &mut Tile) {
    for (four, scales) in lanes.into_iter().enumerate() {
        for k in 0..4 {
            let scale = scales.map(|v| i32::from((v >> (8 * k)) as u8 as i8) as u32);
            tile.scales[4 * four + k] = scale;
        }
    }
    for (at, floors) in tile.floors.iter_mut().enumerate() {
        let both =
            tile.scales[2 * at].with(tile.scales[2 * at + 1], |a, b| (a << 5 & 0xffff) | (b << 5) << 16);
        *floors = both;
    }
}

macro_rules! blocks_of {
    ($bytes:literal) => {
        type Block = [u8; $bytes];

        fn blocks(bytes: &[u8]) -> &[Self::Block] {
            bytes.as_chunks::<$bytes>().0
        }
    };
}

/// 256 weights of 4 bits; 8 factors and 8 floors of 6 bits, in which `d` and `dmin` count.
pub(super) struct Q4K;

/// `d`, `dmin` and the twelve bytes of 6-bit numbers after them, which `Q4_K` and `Q5_K` begin with.
#[inline(always)]
fn heads<G: Gather, const BYTES: usize>(blocks: &[&[u8; BYTES]; OUTPUTS], tile: &mut Tile) {
    let [both, a, b, c] = G::lanes(blocks, 0);
    tile.factors[0] = G::halves(both);
    tile.bases[0] = G::halves(both.map(|v| v >> 16));
    G::sixes([a, b, c], tile);
}

impl Format for Q4K {
    blocks_of!(144);
    const SHARE: Share = Share::Each256;
    const BITS: u32 = 4;
    const BASED: bool = true;

    #[inline(always)]
    fn unpack<G: Gather>(blocks: &[&Self::Block; OUTPUTS], _: usize, tile: &mut Tile, ahead: &mut Ahead<'_>) {
        heads::<G, 144>(blocks, tile);
        for piece in 0..8 {
            ahead.ask(bytes_of::<Self>(8));
            let lines = G::lanes(blocks, 16 + piece * 16);
            let first = piece / 2 * 16 + piece % 2 * 4;
            for (k, line) in lines.into_iter().enumerate() {
                tile.lines[first + k] = low(line);
                tile.lines[first + 8 + k] = high(line);
            }
        }
    }
}

/// As [`Q4K`], with a fifth bit of each weight.
pub(super) struct Q5K;

impl Format for Q5K {
    blocks_of!(176);
    const SHARE: Share = Share::Each256;
    const BITS: u32 = 5;
    const BASED: bool = true;

    #[inline(always)]
    fn unpack<G: Gather>(blocks: &[&Self::Block; OUTPUTS], _: usize, tile: &mut Tile, ahead: &mut Ahead<'_>) {
        heads::<G, 176>(blocks, tile);
        for part in 0..2 {
            let fifths = G::lanes(blocks, 16 + part * 16);
            for pair in 0..4 {
                ahead.ask(bytes_of::<Self>(8));
                let lines = G::lanes(blocks, 48 + pair * 32 + part * 16);
                let first = pair * 16 + part * 4;
                for (k, (line, fifths)) in lines.into_iter().zip(fifths).enumerate() {
                    let bit = |n: usize| fifths.map(|v| (v >> n & 0x0101_0101) << 4);
                    tile.lines[first + k] = or(low(line), bit(2 * pair));
                    tile.lines[first + 8 + k] = or(high(line), bit(2 * pair + 1));
                }
            }
        }
    }
}

/// 256 weights of 6 bits, moved up by 32; 16 signed factors of 8 bits, in which `d` counts.
pub(super) struct Q6K;

impl Format for Q6K {
    blocks_of!(210);
    const SHARE: Share = Share::Each256;
    const GRAIN: usize = 16;
    const BITS: u32 = 6;
    const MOVED: i32 = 32;
    const BASED: bool = false;

    #[inline(always)]
    fn unpack<G: Gather>(blocks: &[&Self::Block; OUTPUTS], _: usize, tile: &mut Tile, ahead: &mut Ahead<'_>) {
        tile.factors[0] = half::<G, _>(blocks, 208);
        G::eights(G::lanes(blocks, 192), tile);
        for part in 0..4 {
            ahead.ask(bytes_of::<Self>(4));
            let (half, side) = (part / 2, part % 2);
            let one = G::lanes(blocks, half * 64 + side * 16);
            let other = G::lanes(blocks, half * 64 + 32 + side * 16);
            let tops = G::lanes(blocks, 128 + half * 32 + side * 16);
            let first = half * 32 + side * 4;
            for (k, tops) in tops.into_iter().enumerate() {
                let top = |n: usize| tops.map(|v| (v >> n & 0x0303_0303) << 4);
                tile.lines[first + k] = or(low(one[k]), top(0));
                tile.lines[first + 8 + k] = or(low(other[k]), top(2));
                tile.lines[first + 16 + k] = or(high(one[k]), top(4));
                tile.lines[first + 24 + k] = or(high(other[k]), top(6));
            }
        }
    }
}

/// Sixteen bytes of which the lower halves come first.
#[inline(always)]
fn nibbles(lines: [Lanes; 4], at: usize, tile: &mut Tile) {
    for (k, line) in lines.into_iter().enumerate() {
        tile.lines[8 * at + k] = low(line);
        tile.lines[8 * at + 4 + k] = high(line);
    }
}

/// The fifth bits of 32 weights, from the bits of a number.
#[inline(always)]
fn fifths(bits: Lanes, at: usize, tile: &mut Tile) {
    for (k, line) in tile.lines[8 * at..][..8].iter_mut().enumerate() {
        // bits 0 to 3 of what is multiplied come to bits 0, 8, 16 and 24
        let four = bits.map(|v| ((v >> (4 * k) & 0xf).wrapping_mul(0x0020_4081) & 0x0101_0101) << 4);
        *line = or(*line, four);
    }
}

/// 32 weights of 4 bits, moved up by 8, and a factor.
pub(super) struct Q40;

impl Format for Q40 {
    blocks_of!(18);
    const SHARE: Share = Share::Each32;
    const BITS: u32 = 4;
    const MOVED: i32 = 8;
    const BASED: bool = false;

    #[inline(always)]
    fn unpack<G: Gather>(
        blocks: &[&Self::Block; OUTPUTS],
        at: usize,
        tile: &mut Tile,
        ahead: &mut Ahead<'_>,
    ) {
        ahead.ask(bytes_of::<Self>(1));
        tile.factors[at] = half::<G, _>(blocks, 0);
        nibbles(G::lanes(blocks, 2), at, tile);
    }
}

/// 32 weights of 4 bits, a factor and what is added.
pub(super) struct Q41;

impl Format for Q41 {
    blocks_of!(20);
    const SHARE: Share = Share::Each32;
    const BITS: u32 = 4;
    const BASED: bool = true;

    #[inline(always)]
    fn unpack<G: Gather>(
        blocks: &[&Self::Block; OUTPUTS],
        at: usize,
        tile: &mut Tile,
        ahead: &mut Ahead<'_>,
    ) {
        ahead.ask(bytes_of::<Self>(1));
        let both = Lanes::of(blocks, |b| u32::from_le_bytes([b[0], b[1], b[2], b[3]]));
        tile.factors[at] = G::halves(both);
        tile.bases[at] = G::halves(both.map(|v| v >> 16));
        nibbles(G::lanes(blocks, 4), at, tile);
    }
}

/// 32 weights of 5 bits, moved up by 16, and a factor.
pub(super) struct Q50;

impl Format for Q50 {
    blocks_of!(22);
    const SHARE: Share = Share::Each32;
    const BITS: u32 = 5;
    const MOVED: i32 = 16;
    const BASED: bool = false;

    #[inline(always)]
    fn unpack<G: Gather>(
        blocks: &[&Self::Block; OUTPUTS],
        at: usize,
        tile: &mut Tile,
        ahead: &mut Ahead<'_>,
    ) {
        ahead.ask(bytes_of::<Self>(1));
        tile.factors[at] = half::<G, _>(blocks, 0);
        nibbles(G::lanes(blocks, 6), at, tile);
        let bits = Lanes::of(blocks, |b| u32::from_le_bytes([b[2], b[3], b[4], b[5]]));
        fifths(bits, at, tile);
    }
}

/// 32 weights of 5 bits, a factor and what is added.
pub(super) struct Q51;

impl Format for Q51 {
    blocks_of!(24);
    const SHARE: Share = Share::Each32;
    const BITS: u32 = 5;
    const BASED: bool = true;

    #[inline(always)]
    fn unpack<G: Gather>(
        blocks: &[&Self::Block; OUTPUTS],
        at: usize,
        tile: &mut Tile,
        ahead: &mut Ahead<'_>,
    ) {
        ahead.ask(bytes_of::<Self>(1));
        tile.factors[at] = half::<G, _>(blocks, 0);
        tile.bases[at] = half::<G, _>(blocks, 2);
        nibbles(G::lanes(blocks, 8), at, tile);
        let bits = Lanes::of(blocks, |b| u32::from_le_bytes([b[4], b[5], b[6], b[7]]));
        fifths(bits, at, tile);
    }
}

/// 32 signed weights of 8 bits and a factor.
pub(super) struct Q80;

impl Format for Q80 {
    blocks_of!(34);
    const SHARE: Share = Share::Each32;
    const BITS: u32 = 8;
    const MOVED: i32 = 128;
    const BASED: bool = false;

    #[inline(always)]
    fn unpack<G: Gather>(
        blocks: &[&Self::Block; OUTPUTS],
        at: usize,
        tile: &mut Tile,
        ahead: &mut Ahead<'_>,
    ) {
        ahead.ask(bytes_of::<Self>(1));
        tile.factors[at] = half::<G, _>(blocks, 0);
        for side in 0..2 {
            let lines = G::lanes(blocks, 2 + 16 * side);
            for (k, line) in lines.into_iter().enumerate() {
                tile.lines[8 * at + 4 * side + k] = line.map(|v| v ^ 0x8080_8080);
            }
        }
    }
}

/// How many inputs a block of this format holds.
pub(super) const fn block_inputs<F: Format>() -> usize {
    match F::SHARE {
        Share::Each32 => 32,
        Share::Each256 => INPUTS,
    }
}

/// Bytes of sixteen blocks, in `parts` of whole lines or nearly so.
const fn bytes_of<F: Format + ?Sized>(parts: usize) -> usize {
    (OUTPUTS * size_of::<F::Block>()).div_ceil(parts)
}
