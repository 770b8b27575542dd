//! Students with random weights, in Marian's container, with a vocabulary and a shortlist: the sizes of real ones, and
//! nothing learnt. The same seed gives the same bytes.

#![allow(dead_code)] // tests and benchmarks each use a part

use std::fs;
use std::path::PathBuf;

/// The sizes of a student.
#[derive(Clone, Copy)]
pub(crate) struct Shape {
    pub(crate) width: usize,
    pub(crate) encoder: usize,
    pub(crate) decoder: usize,
    pub(crate) inner: usize,
    /// Tokens of the source vocabulary.
    pub(crate) source: usize,
    /// Tokens of the target vocabulary.
    pub(crate) target: usize,
    /// Whether source and target have one vocabulary.
    pub(crate) shared: bool,
    /// Added to the logit of the end: the larger, the shorter the targets.
    pub(crate) end: f32,
}

/// Mozilla's two smaller students; the number of tokens is 32,000 in theirs.
pub(crate) const TINY: Shape = Shape {
    width: 256,
    encoder: 6,
    decoder: 2,
    inner: 1536,
    source: 2000,
    target: 2000,
    shared: true,
    end: 3.5,
};
pub(crate) const BASE_MEMORY: Shape = Shape {
    width: 384,
    decoder: 4,
    ..TINY
};
const HEADS: usize = 8;

/// Marian's numbers for the types.
pub(crate) const BYTES: u64 = 0x101;
pub(crate) const FLOAT: u64 = 0x404;
pub(crate) const INTGEMM8: u64 = 0x4101;

/// One named item of a container.
#[derive(Clone)]
pub(crate) struct Item {
    pub(crate) name: String,
    pub(crate) kind: u64,
    pub(crate) shape: Vec<i32>,
    pub(crate) data: Vec<u8>,
}

/// How the weights are stored.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Stored {
    Integers,
    /// What the integers stand for.
    Floats,
}

/// SplitMix64.
pub(crate) struct Random(pub(crate) u64);

impl Random {
    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    pub(crate) fn below(&mut self, limit: usize) -> usize {
        (self.next() % limit as u64) as usize
    }

    /// Four whole numbers with the mean 0 and the deviation [`DEVIATION`], from -60 to 60: small enough for the 16 bits
    /// in which AVX2 code may add two products.
    fn four(&mut self) -> [i8; 4] {
        let bits = self.next();
        [0, 16, 32, 48].map(|shift| {
            let nibbles = [0, 4, 8, 12].map(|s| (bits >> (shift + s) & 15) as i8);
            (nibbles.iter().sum::<i8>() - 30) * 2
        })
    }

    fn normals(&mut self, count: usize) -> Vec<f32> {
        let fours = (0..count.div_ceil(4)).flat_map(|_| self.four());
        fours.take(count).map(|n| f32::from(n) / DEVIATION).collect()
    }
}

const DEVIATION: f32 = 18.44;

struct Builder {
    items: Vec<Item>,
    random: Random,
    stored: Stored,
}

impl Builder {
    fn floats(&mut self, name: &str, shape: [i32; 2], values: &[f32]) {
        self.items.push(Item {
            name: name.to_owned(),
            kind: FLOAT,
            shape: shape.to_vec(),
            data: values.iter().flat_map(|v| v.to_le_bytes()).collect(),
        });
    }

    /// Weights of this deviation, as integers. `turned`: these stand in the file as `(outputs, inputs)`.
    fn weights(&mut self, name: &str, [rows, columns]: [usize; 2], deviation: f32, turned: bool) -> Vec<i8> {
        let count = rows * columns;
        let fours = (0..count.div_ceil(4)).flat_map(|_| self.random.four());
        let values: Vec<i8> = fours.take(count).collect();
        let (multiplier, shape) = (DEVIATION / deviation, [rows as i32, columns as i32]);
        if self.stored == Stored::Floats {
            let at = |i: usize| match turned {
                true => i % columns * rows + i / columns,
                false => i,
            };
            let float = |i| f32::from(values[at(i)]) * (1.0 / multiplier);
            let floats: Vec<f32> = (0..count).map(float).collect();
            self.floats(name, shape, &floats);
            return values;
        }
        let mut data: Vec<u8> = values.iter().map(|v| *v as u8).collect();
        data.extend(multiplier.to_le_bytes());
        data.resize(data.len().next_multiple_of(256), 0);
        self.items.push(Item {
            name: name.to_owned(),
            kind: INTGEMM8,
            shape: shape.to_vec(),
            data,
        });
        values
    }

    /// A matrix with its alpha, and its bias if it has one.
    ///
    /// What goes in and what is done with it is scaled so that a random student does not always say the same: its
    /// attention is sharp, what it reads weighs more than what it wrote, its memory is short, and what a rectifier adds
    /// to every sum is taken away again.
    fn affine(&mut self, name: &str, bias: Option<&str>, inputs: usize, outputs: usize) {
        let gain = match name {
            name if name.ends_with("context_Wo") => 6.0,
            name if name.ends_with("_W2") => 3.0,
            name if name.ends_with("_Wq") || name.ends_with("_Wk") => 2.5,
            _ => 1.0,
        };
        let deviation = gain / (inputs as f32).sqrt();
        let weights = self.weights(name, [inputs, outputs], deviation, true);
        let alpha = 24.0 + self.random.below(16) as f32;
        if self.stored == Stored::Integers {
            self.floats(&format!("{name}_QuantMultA"), [1, 1], &[alpha]);
        }
        let Some(bias) = bias else { return };
        let noise = self.random.normals(outputs);
        let values: Vec<f32> = noise
            .iter()
            .zip(weights.chunks_exact(inputs))
            .map(|(noise, weights)| {
                let total: f32 = weights.iter().map(|w| f32::from(*w)).sum();
                let shift = match bias {
                    bias if bias.ends_with("_b2") => -0.4 * total * deviation / DEVIATION,
                    bias if bias.ends_with("_bf") => -2.0,
                    _ => 0.0,
                };
                noise * 0.1 + shift
            })
            .collect();
        self.floats(bias, [1, outputs as i32], &values);
    }

    /// The scales have both signs, or a token would follow itself for ever: what was read last would be what is likest
    /// to the sum.
    fn norm(&mut self, name: &str, width: usize) {
        for (part, factor) in [("scale", 1.0), ("bias", 0.1)] {
            let values: Vec<f32> = self.random.normals(width).iter().map(|v| v * factor).collect();
            self.floats(&format!("{name}_ln_{part}"), [1, width as i32], &values);
        }
    }

    fn attention(&mut self, name: &str, width: usize) {
        for letter in ['q', 'k', 'v', 'o'] {
            let bias = format!("{name}_b{letter}");
            self.affine(&format!("{name}_W{letter}"), Some(&bias), width, width);
        }
        self.norm(&format!("{name}_Wo"), width);
    }

    fn feed_forward(&mut self, name: &str, width: usize, inner: usize) {
        self.affine(&format!("{name}_W1"), Some(&format!("{name}_b1")), width, inner);
        self.affine(&format!("{name}_W2"), Some(&format!("{name}_b2")), inner, width);
        self.norm(&format!("{name}_ffn"), width);
    }

    fn words(&mut self, shape: Shape) {
        let deviation = 2.0 / (shape.width as f32).sqrt();
        let mut alpha = "none_QuantMultA";
        if shape.shared {
            self.weights("Wemb", [shape.target, shape.width], deviation, false);
        } else {
            self.weights("encoder_Wemb", [shape.source, shape.width], deviation, false);
            self.weights("decoder_Wemb", [shape.target, shape.width], deviation, false);
            alpha = "decoder_Wemb_QuantMultA";
        }
        if self.stored == Stored::Integers && shape.shared {
            self.floats(alpha, [1, 1], &[31.0]);
        } else if self.stored == Stored::Integers {
            // here Marian writes the factor as an integer with a multiplier of its own
            let mut data = vec![127u8];
            data.extend((127.0f32 / 31.0).to_le_bytes());
            self.items.push(Item {
                name: alpha.to_owned(),
                kind: INTGEMM8,
                shape: vec![1, 1],
                data,
            });
        }
        let mut bias: Vec<f32> = self
            .random
            .normals(shape.target)
            .iter()
            .map(|v| v * 0.3)
            .collect();
        bias[0] = shape.end;
        // the unknown token, which byline never writes
        bias[1] = -1000.0;
        self.floats("decoder_ff_logit_out_b", [1, shape.target as i32], &bias);
    }
}

/// The settings that Marian writes into a student.
fn settings(shape: Shape) -> String {
    let Shape {
        width,
        encoder,
        decoder,
        inner,
        source,
        target,
        shared,
        ..
    } = shape;
    format!(
        "dec-cell: ssru\ndec-cell-base-depth: 2\ndec-depth: {decoder}\ndim-emb: {width}\ndim-vocabs:\n  - {source}\n  - \
         {target}\nenc-depth: {encoder}\nlayer-normalization: false\ntied-embeddings: {}\ntied-embeddings-all: \
         {shared}\ntransformer-decoder-autoreg: rnn\ntransformer-dim-ffn: {inner}\ntransformer-ffn-activation: relu\n\
         transformer-ffn-depth: 2\ntransformer-guided-alignment-layer: last\ntransformer-heads: {HEADS}\n\
         transformer-postprocess: dan\ntransformer-postprocess-emb: d\ntransformer-preprocess: \"\"\n\
         transformer-tied-layers:\n  []\ntransformer-train-position-embeddings: false\ntype: transformer\n\
         version: v1.9.56 2022-01-01\n\0",
        !shared
    )
}

/// The items of a student.
pub(crate) fn items(shape: Shape, stored: Stored, seed: u64) -> Vec<Item> {
    let mut builder = Builder {
        items: Vec::new(),
        random: Random(seed),
        stored,
    };
    builder.words(shape);
    for layer in 1..=shape.encoder {
        builder.attention(&format!("encoder_l{layer}_self"), shape.width);
        builder.feed_forward(&format!("encoder_l{layer}_ffn"), shape.width, shape.inner);
    }
    for layer in 1..=shape.decoder {
        let name = format!("decoder_l{layer}");
        builder.affine(&format!("{name}_rnn_W"), None, shape.width, shape.width);
        let bias = format!("{name}_rnn_bf");
        builder.affine(&format!("{name}_rnn_Wf"), Some(&bias), shape.width, shape.width);
        builder.norm(&format!("{name}_rnn_ffn"), shape.width);
        builder.attention(&format!("{name}_context"), shape.width);
        builder.feed_forward(&format!("{name}_ffn"), shape.width, shape.inner);
    }
    let data = settings(shape).into_bytes();
    builder.items.push(Item {
        name: "special:model.yml".to_owned(),
        kind: BYTES,
        shape: vec![data.len() as i32],
        data,
    });
    builder.items
}

/// Writes items as Marian does: heads, names, shapes, a gap up to a multiple of 256 bytes, data.
pub(crate) fn container(items: &[Item]) -> Vec<u8> {
    let mut file = Vec::new();
    let number = |file: &mut Vec<u8>, n: u64| file.extend(n.to_le_bytes());
    number(&mut file, 1);
    number(&mut file, items.len() as u64);
    for item in items {
        let lengths = [
            item.name.len() + 1,
            item.kind as usize,
            item.shape.len(),
            item.data.len(),
        ];
        lengths.iter().for_each(|n| number(&mut file, *n as u64));
    }
    for item in items {
        file.extend(item.name.as_bytes());
        file.push(0);
    }
    let shapes = items.iter().flat_map(|item| &item.shape);
    shapes.for_each(|d| file.extend(d.to_le_bytes()));
    let gap = (file.len() + 8).next_multiple_of(256) - file.len() - 8;
    number(&mut file, gap as u64);
    file.resize(file.len() + gap, 0);
    for item in items {
        file.extend(&item.data);
    }
    file
}

/// A SentencePiece vocabulary of whole words: `w2`, `w3` and so on, each its own piece. 0 ends, 1 is unknown.
pub(crate) fn vocabulary(tokens: usize) -> Vec<u8> {
    let mut file = Vec::new();
    for token in 0..tokens {
        let (piece, kind) = match token {
            0 => ("</s>".to_owned(), 3),
            1 => ("<unk>".to_owned(), 2),
            token => (format!("\u{2581}w{token}"), 1),
        };
        let mut message = vec![0x0a, piece.len() as u8];
        message.extend(piece.as_bytes());
        message.push(0x15);
        message.extend((-1.0f32).to_le_bytes());
        message.extend([0x18, kind]);
        file.extend([0x0a, message.len() as u8]);
        file.extend(message);
    }
    file
}

/// A shortlist: so many frequent tokens, and for each source token so many others.
pub(crate) fn shortlist(shape: Shape, frequent: usize, translations: usize, seed: u64) -> Vec<u8> {
    let mut random = Random(seed);
    let mut file = Vec::new();
    let header = [
        0xF11A_48D5_0134_17F5,
        0,
        frequent as u64,
        translations as u64,
        shape.source as u64 + 1,
        (shape.source * translations) as u64,
    ];
    let starts = (0..=shape.source).map(|token| (token * translations) as u64);
    header
        .into_iter()
        .chain(starts)
        .for_each(|n| file.extend(n.to_le_bytes()));
    for _ in 0..shape.source {
        let mut tokens: Vec<u32> = (0..translations)
            .map(|_| random.below(shape.target) as u32)
            .collect();
        tokens.sort_unstable();
        tokens.iter().for_each(|t| file.extend(t.to_le_bytes()));
    }
    file
}

/// Sources of words, each with its end.
pub(crate) fn sources(
    shape: Shape,
    count: usize,
    lengths: std::ops::Range<usize>,
    seed: u64,
) -> Vec<Vec<u32>> {
    let mut random = Random(seed);
    let source = |_| {
        let length = lengths.start + random.below(lengths.len());
        let words = (0..length).map(|_| (2 + random.below(shape.source - 2)) as u32);
        words.chain([0]).collect()
    };
    (0..count).map(source).collect()
}

/// A student's files in a folder that goes away with it.
pub(crate) struct Folder(tempfile::TempDir);

impl Folder {
    pub(crate) fn new(shape: Shape, stored: Stored, seed: u64) -> Self {
        let this = Self(tempfile::tempdir().unwrap());
        this.write("model.bin", &container(&items(shape, stored, seed)));
        this.write("source.spm", &vocabulary(shape.source));
        this.write("target.spm", &vocabulary(shape.target));
        this.write("lex.s2t.bin", &shortlist(shape, 100, 20, seed));
        this
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    pub(crate) fn write(&self, name: &str, bytes: &[u8]) {
        fs::write(self.path(name), bytes).unwrap();
    }

    /// Opened by the other engine.
    pub(crate) fn engine(&self, shared: bool, shortlist: bool) -> fxtranslate::engine::Engine {
        let read = |name: &str| fs::read(self.path(name)).unwrap();
        let target = if shared { "source.spm" } else { "target.spm" };
        let (model, source, target) = (read("model.bin"), read("source.spm"), read(target));
        let engine = fxtranslate::engine::Engine::from_bytes(&model, &source, &target).unwrap();
        match shortlist {
            true => engine.with_shortlist_bytes(&read("lex.s2t.bin")),
            false => engine,
        }
    }

    /// Opened by byline.
    pub(crate) fn student(
        &self,
        arithmetic: &byline::neural::Arithmetic,
        shortlist: bool,
    ) -> byline::neural::Student {
        let special = byline::neural::Special {
            end: vec![0],
            ..Default::default()
        };
        let student = byline::neural::Student::load(&self.path("model.bin"), arithmetic, special).unwrap();
        match shortlist {
            true => student.with_shortlist(&self.path("lex.s2t.bin")).unwrap(),
            false => student,
        }
    }
}
