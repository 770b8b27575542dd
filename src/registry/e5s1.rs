//! The container `E5S1`: a BERT whose matrices are ggml Q4_0 blocks, in one file → the safetensors and the `config.json`
//! that its publisher's repository has.
//!
//! All numbers are little-endian. After the magic: u32 version, i32 hidden, layers, heads, feed-forward, vocabulary,
//! positions, types, f32 epsilon, i32 block (32); the unigram pieces (i32 count, four i32 ids, u64 blob length, u32
//! offsets, f32 scores, blob) and a normalisation map (i32 entries, u32 bytes), both passed over: `tokenizer.json` says the
//! same; a directory (i32 entries; each u16 name length, name, u8 type, u32 numbers, u64 offset, u64 bytes).
//!
//! The matrices become f32: 16 bits do not hold scale × nibble exactly, the loader computes in f32 on the processor anyway,
//! and the file is then as large as the hub's. Tensors are written one at a time.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufReader, BufWriter, Read, Seek, SeekFrom, Write};
use std::path::Path;

use half::f16;
use serde_json::json;

use super::disk;
use crate::error::{Error, Result};
use crate::progress::checkpoint;

const MAGIC: &[u8; 4] = b"E5S1";
const VERSION: u32 = 1;
/// Numbers in a block, and the bytes that it takes: an f16 scale and 32 nibbles.
const BLOCK: usize = 32;
const BLOCK_BYTES: usize = 2 + BLOCK / 2;
/// No such model is larger: a wrong size must not ask for all memory.
const MOST: i32 = 1 << 20;
const LONGEST_NAME: u16 = 64;

/// How a tensor is stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stored {
    F32,
    Q4,
}

/// A tensor of the model: its name in the container and in the repository, and its shape.
struct Tensor {
    short: String,
    name: String,
    shape: Vec<usize>,
    stored: Stored,
}

impl Tensor {
    fn numbers(&self) -> usize {
        self.shape.iter().product()
    }

    fn stored_bytes(&self) -> usize {
        match self.stored {
            Stored::F32 => self.numbers() * 4,
            Stored::Q4 => self.numbers() / BLOCK * BLOCK_BYTES,
        }
    }
}

struct Sizes {
    hidden: usize,
    layers: usize,
    heads: usize,
    feed_forward: usize,
    vocabulary: usize,
    positions: usize,
    types: usize,
    epsilon: f32,
}

/// An open container whose directory has exactly the tensors of its sizes, each inside of the file.
struct Container<'a> {
    path: &'a Path,
    file: BufReader<File>,
    sizes: Sizes,
    /// In the order in which they are written.
    tensors: Vec<(Tensor, u64)>,
}

/// Writes the tensors of the container at `from` as safetensors to `to`.
///
/// # Errors
/// [`Error::Failed`] naming `from` if it is cut off or damaged; [`Error::Io`] if the disk fails.
pub(super) fn to_safetensors(from: &Path, to: &Path) -> Result<()> {
    let mut container = Container::open(from)?;
    let out = |e| Error::io(to, e);
    let mut target = BufWriter::new(File::create(to).map_err(out)?);
    let header = container.header();
    target
        .write_all(&(header.len() as u64).to_le_bytes())
        .and_then(|()| target.write_all(header.as_bytes()))
        .map_err(out)?;
    for at in 0..container.tensors.len() {
        container.dequantise(at, |values| {
            for value in values {
                target.write_all(&value.to_le_bytes()).map_err(out)?;
            }
            Ok(())
        })?;
    }
    target.flush().map_err(out)
}

/// Writes the `config.json` of the container at `from` to `to`.
///
/// # Errors
/// As [`to_safetensors`].
pub(super) fn to_config(from: &Path, to: &Path) -> Result<()> {
    let sizes = Container::open(from)?.sizes;
    // 1e-12, not the f64 nearest to the f32 nearest to it
    let epsilon: f64 = sizes
        .epsilon
        .to_string()
        .parse()
        .unwrap_or(f64::from(sizes.epsilon));
    let config = json!({
        "architectures": ["BertModel"],
        "attention_probs_dropout_prob": 0.1,
        "hidden_act": "gelu",
        "hidden_dropout_prob": 0.1,
        "hidden_size": sizes.hidden,
        "initializer_range": 0.02,
        "intermediate_size": sizes.feed_forward,
        "layer_norm_eps": epsilon,
        "max_position_embeddings": sizes.positions,
        "model_type": "bert",
        "num_attention_heads": sizes.heads,
        "num_hidden_layers": sizes.layers,
        "pad_token_id": 0,
        "type_vocab_size": sizes.types,
        "vocab_size": sizes.vocabulary,
    });
    disk::write_atomic(to, format!("{config:#}\n").as_bytes())
}

fn broken(path: &Path, what: &str) -> Error {
    Error::failed(format!("{}: {what}", path.display())).with_hint("fetch the model again")
}

impl<'a> Container<'a> {
    fn open(path: &'a Path) -> Result<Self> {
        let file = File::open(path).map_err(|e| Error::io(path, e))?;
        let size = file.metadata().map_err(|e| Error::io(path, e))?.len();
        let mut reader = Reader {
            path,
            file: BufReader::new(file),
        };
        let sizes = reader.sizes()?;
        reader.skip_tokenizer(size)?;
        let mut places = reader.directory(size)?;
        let mut tensors = Vec::new();
        for tensor in tensors_of(&sizes) {
            let Some(place) = places.remove(&tensor.short) else {
                return Err(broken(
                    path,
                    &format!("the tensor \"{}\" is missing", tensor.short),
                ));
            };
            let fits = (place.stored, place.numbers, place.bytes)
                == (
                    tensor.stored,
                    tensor.numbers() as u64,
                    tensor.stored_bytes() as u64,
                );
            if !fits {
                return Err(broken(
                    path,
                    &format!(
                        "the tensor \"{}\" has another size or type than its model",
                        tensor.short
                    ),
                ));
            }
            tensors.push((tensor, place.offset));
        }
        match places.keys().next() {
            Some(name) => Err(broken(path, &format!("the tensor \"{name}\" is unknown"))),
            None => Ok(Self {
                path,
                file: reader.file,
                sizes,
                tensors,
            }),
        }
    }

    /// The header of the safetensors file, padded to eight bytes.
    fn header(&self) -> String {
        let mut at = 0;
        let mut entries = serde_json::Map::new();
        for (tensor, _) in &self.tensors {
            let end = at + tensor.numbers() * 4;
            let entry = json!({"dtype": "F32", "shape": tensor.shape, "data_offsets": [at, end]});
            entries.insert(tensor.name.clone(), entry);
            at = end;
        }
        let mut text = serde_json::Value::Object(entries).to_string();
        while !text.len().is_multiple_of(8) {
            text.push(' ');
        }
        text
    }

    /// Gives the numbers of a tensor to `write`, a stretch at a time: the word vectors alone are hundreds of megabytes.
    fn dequantise(&mut self, at: usize, mut write: impl FnMut(Vec<f32>) -> Result<()>) -> Result<()> {
        let Some((tensor, offset)) = self.tensors.get(at) else {
            return Ok(());
        };
        self.file
            .seek(SeekFrom::Start(*offset))
            .map_err(|e| Error::io(self.path, e))?;
        let mut left = tensor.stored_bytes();
        // a multiple of both a number's and a block's bytes
        let mut buffer = vec![0; (4 * BLOCK_BYTES) << 12];
        while left > 0 {
            checkpoint()?;
            let length = left.min(buffer.len());
            let bytes = &mut buffer[..length];
            self.file.read_exact(bytes).map_err(|e| Error::io(self.path, e))?;
            let values: Vec<f32> = match tensor.stored {
                Stored::F32 => bytes
                    .as_chunks::<4>()
                    .0
                    .iter()
                    .map(|n| f32::from_le_bytes(*n))
                    .collect(),
                Stored::Q4 => bytes
                    .as_chunks::<BLOCK_BYTES>()
                    .0
                    .iter()
                    .flat_map(dequantised)
                    .collect(),
            };
            if !values.iter().all(|value| value.is_finite()) {
                let name = &tensor.short;
                return Err(broken(
                    self.path,
                    &format!("the tensor \"{name}\" holds what is no number"),
                ));
            }
            write(values)?;
            left -= length;
        }
        Ok(())
    }
}

/// A block: the scale, then 16 bytes whose low nibbles are the first 16 numbers and whose high nibbles the others.
fn dequantised(block: &[u8; BLOCK_BYTES]) -> [f32; BLOCK] {
    let scale = f16::from_le_bytes([block[0], block[1]]).to_f32();
    std::array::from_fn(|i| {
        let byte = block[2 + i % 16];
        let nibble = if i < 16 { byte & 15 } else { byte >> 4 };
        (f32::from(nibble) - 8.0) * scale
    })
}

/// The tensors of a BERT of these sizes, under the names of its repository.
fn tensors_of(sizes: &Sizes) -> Vec<Tensor> {
    let (hidden, wide) = (sizes.hidden, sizes.feed_forward);
    let mut tensors = Vec::new();
    let mut add = |short: String, name: String, shape: &[usize], stored: Stored| {
        tensors.push(Tensor {
            short,
            name,
            shape: shape.to_vec(),
            stored,
        });
    };
    let embeddings = [
        (
            "emb.word",
            "word_embeddings.weight",
            vec![sizes.vocabulary, hidden],
            Stored::Q4,
        ),
        (
            "emb.pos",
            "position_embeddings.weight",
            vec![sizes.positions, hidden],
            Stored::F32,
        ),
        (
            "emb.type",
            "token_type_embeddings.weight",
            vec![sizes.types, hidden],
            Stored::F32,
        ),
        ("emb.ln.w", "LayerNorm.weight", vec![hidden], Stored::F32),
        ("emb.ln.b", "LayerNorm.bias", vec![hidden], Stored::F32),
    ];
    for (short, name, shape, stored) in embeddings {
        add(short.to_owned(), format!("embeddings.{name}"), &shape, stored);
    }
    let linear = [
        ("q", "attention.self.query", [hidden, hidden]),
        ("k", "attention.self.key", [hidden, hidden]),
        ("v", "attention.self.value", [hidden, hidden]),
        ("ao", "attention.output.dense", [hidden, hidden]),
        ("fi", "intermediate.dense", [wide, hidden]),
        ("fo", "output.dense", [hidden, wide]),
    ];
    let norms = [("aln", "attention.output.LayerNorm"), ("oln", "output.LayerNorm")];
    for layer in 0..sizes.layers {
        let long = |name: &str, part: &str| format!("encoder.layer.{layer}.{name}.{part}");
        let short = |name: &str, part: &str| format!("l{layer}.{name}.{part}");
        for (s, name, shape) in linear {
            add(short(s, "w"), long(name, "weight"), &shape, Stored::Q4);
            add(short(s, "b"), long(name, "bias"), &shape[..1], Stored::F32);
        }
        for (s, name) in norms {
            add(short(s, "w"), long(name, "weight"), &[hidden], Stored::F32);
            add(short(s, "b"), long(name, "bias"), &[hidden], Stored::F32);
        }
    }
    tensors
}

/// Where the directory says that a tensor is.
struct Place {
    stored: Stored,
    numbers: u64,
    offset: u64,
    bytes: u64,
}

struct Reader<'a> {
    path: &'a Path,
    file: BufReader<File>,
}

impl Reader<'_> {
    fn take<const N: usize>(&mut self) -> Result<[u8; N]> {
        let mut bytes = [0; N];
        self.read(&mut bytes)?;
        Ok(bytes)
    }

    fn read(&mut self, bytes: &mut [u8]) -> Result<()> {
        self.file.read_exact(bytes).map_err(|e| match e.kind() {
            std::io::ErrorKind::UnexpectedEof => broken(self.path, "the file was cut off"),
            _ => Error::io(self.path, e),
        })
    }

    fn u32(&mut self) -> Result<u32> {
        Ok(u32::from_le_bytes(self.take()?))
    }

    fn u64(&mut self) -> Result<u64> {
        Ok(u64::from_le_bytes(self.take()?))
    }

    /// A count or a size: above 0, and not beyond all measure.
    fn size(&mut self, what: &str) -> Result<usize> {
        let value = i32::from_le_bytes(self.take()?);
        if !(1..=MOST).contains(&value) {
            return Err(broken(self.path, &format!("{what} cannot be {value}")));
        }
        Ok(usize::try_from(value).unwrap_or(0))
    }

    fn sizes(&mut self) -> Result<Sizes> {
        if &self.take::<4>()? != MAGIC {
            return Err(broken(self.path, "this is no E5S1 container"));
        }
        let version = self.u32()?;
        if version != VERSION {
            return Err(broken(
                self.path,
                &format!("version {version} of E5S1 is not known"),
            ));
        }
        let sizes = Sizes {
            hidden: self.size("the width")?,
            layers: self.size("the number of layers")?,
            heads: self.size("the number of heads")?,
            feed_forward: self.size("the inner width")?,
            vocabulary: self.size("the vocabulary")?,
            positions: self.size("the length")?,
            types: self.size("the number of types")?,
            epsilon: f32::from_le_bytes(self.take()?),
        };
        let block = self.size("the block")?;
        let whole = sizes.hidden.is_multiple_of(sizes.heads)
            && sizes.hidden.is_multiple_of(BLOCK)
            && sizes.feed_forward.is_multiple_of(BLOCK)
            && sizes.layers <= 1000
            && sizes.epsilon > 0.0
            && sizes.epsilon < 1.0;
        if block != BLOCK || !whole {
            return Err(broken(self.path, "its sizes do not fit together"));
        }
        Ok(sizes)
    }

    fn skip(&mut self, bytes: u64, size: u64) -> Result<()> {
        let here = self.file.stream_position().map_err(|e| Error::io(self.path, e))?;
        match here.checked_add(bytes).filter(|end| *end <= size) {
            Some(end) => {
                self.file
                    .seek(SeekFrom::Start(end))
                    .map_err(|e| Error::io(self.path, e))?;
                Ok(())
            }
            None => Err(broken(self.path, "the file was cut off")),
        }
    }

    fn skip_tokenizer(&mut self, size: u64) -> Result<()> {
        let pieces = self.size("the number of pieces")? as u64;
        self.take::<16>()?;
        let blob = self.u64()?;
        self.skip(((pieces + 1) * 4 + pieces * 4).saturating_add(blob), size)?;
        // the number of entries in the map; their length is what counts
        self.u32()?;
        let map = self.u32()?;
        self.skip(u64::from(map), size)
    }

    fn directory(&mut self, size: u64) -> Result<BTreeMap<String, Place>> {
        let entries = self.size("the number of tensors")?;
        let mut places = BTreeMap::new();
        for _ in 0..entries {
            let length = u16::from_le_bytes(self.take()?);
            if length == 0 || length > LONGEST_NAME {
                return Err(broken(self.path, "its directory is damaged"));
            }
            let mut name = vec![0; usize::from(length)];
            self.read(&mut name)?;
            let name = String::from_utf8(name).map_err(|_| broken(self.path, "its directory is damaged"))?;
            let stored = match self.take::<1>()? {
                [0] => Stored::F32,
                [1] => Stored::Q4,
                [other] => {
                    return Err(broken(
                        self.path,
                        &format!("the type {other} of \"{name}\" is not known"),
                    ));
                }
            };
            let place = Place {
                stored,
                numbers: u64::from(self.u32()?),
                offset: self.u64()?,
                bytes: self.u64()?,
            };
            if place.offset.checked_add(place.bytes).is_none_or(|end| end > size) {
                return Err(broken(
                    self.path,
                    &format!("the file ends before the tensor \"{name}\""),
                ));
            }
            places.insert(name, place);
        }
        Ok(places)
    }
}

#[cfg(test)]
#[path = "e5s1_tests.rs"]
mod tests;
