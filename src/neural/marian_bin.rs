//! Reads Marian's binary container: named items with a type and a shape, the model's settings among them.
//!
//! ```text
//! version (1), number of items                            u64 each
//! for each item: name length, type, dimensions, bytes     u64 each
//! the names (each ends with a NUL), the shapes (i32), a gap (u64, then as many bytes), the data
//! ```
//! As `src/common/binary.cpp` of <https://github.com/marian-nmt/marian-dev> writes it. Items are read one at a time, so
//! that a model never lies twice in memory; nothing is allocated on the word of a header that the file's own length
//! does not bear out.

use std::cell::RefCell;
use std::collections::HashMap;
use std::fs::File;
use std::io::{BufReader, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use super::gguf::{broken, unsupported};
use crate::error::{Error, Result};

const VERSION: u64 = 1;
/// Names are some twenty bytes, matrices have two dimensions, models some hundred items.
const LONGEST_NAME: u64 = 512;
const MOST_DIMENSIONS: u64 = 8;
const MOST_ITEMS: u64 = 1 << 16;
/// The item that holds the settings.
const SETTINGS: &str = "special:model.yml";
const LONGEST_SETTINGS: u64 = 1 << 20;

/// How the numbers of an item are stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Bytes: a text.
    Bytes,
    /// 32-bit floats, row by row.
    Float,
    /// 8-bit integers, transposed against the shape, then one float: what the weights were multiplied by.
    Intgemm8,
    /// What is not read, by Marian's number for it.
    Other(u64),
}

struct Item {
    kind: Kind,
    shape: Vec<usize>,
    start: u64,
    bytes: u64,
}

/// Integers with the multiplier that turned the weights into them: `weight = value / multiplier`.
pub(crate) struct Quantised {
    /// `(outputs, inputs)`, row by row.
    pub(crate) values: Vec<i8>,
    /// What the weights were multiplied by; finite and above 0.
    pub(crate) multiplier: f32,
}

/// An open container.
pub(crate) struct MarianBin {
    path: PathBuf,
    file: RefCell<File>,
    items: HashMap<String, Item>,
}

impl MarianBin {
    /// Opens a file and reads what is in it, but not the data.
    ///
    /// # Errors
    /// [`Error::Failed`] if this is no such container or not a whole one; [`Error::Io`] if it cannot be read.
    pub(crate) fn open(path: &Path) -> Result<Self> {
        let file = File::open(path).map_err(|e| Error::io(path, e))?;
        let size = file.metadata().map_err(|e| Error::io(path, e))?.len();
        let mut reader = Head {
            path,
            file: BufReader::new(file),
            left: size,
        };
        let items = reader.items(size)?;
        Ok(Self {
            path: path.to_owned(),
            file: RefCell::new(reader.file.into_inner()),
            items,
        })
    }

    /// The file, to name it in messages.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Whether there is an item of this name.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.items.contains_key(name)
    }

    /// How an item is stored.
    pub(crate) fn kind(&self, name: &str) -> Option<Kind> {
        self.items.get(name).map(|i| i.kind)
    }

    /// The shape of an item.
    ///
    /// # Errors
    /// [`Error::Failed`] if it is missing.
    pub(crate) fn shape(&self, name: &str) -> Result<&[usize]> {
        Ok(&self.item(name)?.shape)
    }

    /// The settings, as Marian wrote them: YAML.
    ///
    /// # Errors
    /// [`Error::Failed`] if they are missing or no text.
    pub(crate) fn settings(&self) -> Result<String> {
        let item = self.item(SETTINGS)?;
        if item.kind != Kind::Bytes || item.bytes > LONGEST_SETTINGS {
            return Err(broken(&self.path, "its settings cannot be read"));
        }
        let text = self.read(item, item.bytes)?;
        let text = text.split(|b| *b == 0).next().unwrap_or_default();
        String::from_utf8(text.to_vec()).map_err(|_| broken(&self.path, "its settings are not text"))
    }

    /// Floats of this shape; a row alone may be written with or without its 1.
    ///
    /// # Errors
    /// [`Error::Failed`] if the item is missing, of another type or shape, or holds what is no number.
    pub(crate) fn floats(&self, name: &str, shape: &[usize]) -> Result<Vec<f32>> {
        let item = self.typed(name, Kind::Float, shape)?;
        let count = shape.iter().product::<usize>();
        let bytes = self.read(item, count as u64 * 4)?;
        let values: Vec<f32> = bytes
            .as_chunks::<4>()
            .0
            .iter()
            .map(|b| f32::from_le_bytes(*b))
            .collect();
        match values.iter().all(|v| v.is_finite()) {
            true => Ok(values),
            false => Err(broken(&self.path, &format!("`{name}` holds what is no number"))),
        }
    }

    /// Integers whose shape in the file is `shape`.
    ///
    /// # Errors
    /// As for [`MarianBin::floats`].
    pub(crate) fn integers(&self, name: &str, shape: &[usize]) -> Result<Quantised> {
        let item = self.typed(name, Kind::Intgemm8, shape)?;
        let count = shape.iter().product::<usize>();
        let mut bytes = self.read(item, count as u64 + 4)?;
        let multiplier = bytes.split_off(count);
        let multiplier = f32::from_le_bytes(multiplier.try_into().unwrap_or_default());
        if !(multiplier.is_finite() && multiplier > 0.0) {
            return Err(broken(
                &self.path,
                &format!("the multiplier of `{name}` is {multiplier}"),
            ));
        }
        // the format leaves -128 out, and so the negative of each value is a value too
        if bytes.contains(&0x80) {
            return Err(broken(&self.path, &format!("`{name}` holds a weight of -128")));
        }
        Ok(Quantised {
            values: bytes.into_iter().map(|b| b as i8).collect(),
            multiplier,
        })
    }

    fn item(&self, name: &str) -> Result<&Item> {
        self.items
            .get(name)
            .ok_or_else(|| broken(&self.path, &format!("`{name}` is missing")))
    }

    fn typed(&self, name: &str, kind: Kind, shape: &[usize]) -> Result<&Item> {
        let item = self.item(name)?;
        if item.kind != kind {
            let found = format!("the number type {}", item.kind);
            return Err(unsupported(&self.path, name, &found));
        }
        let without_ones = |shape: &[usize]| -> Vec<usize> {
            let first = shape.iter().position(|d| *d != 1).unwrap_or(shape.len());
            shape[first..].to_vec()
        };
        if without_ones(&item.shape) == without_ones(shape) {
            return Ok(item);
        }
        let found = &item.shape;
        Err(broken(
            &self.path,
            &format!("`{name}` has the shape {found:?}, not {shape:?}"),
        ))
    }

    /// The first `bytes` of an item.
    fn read(&self, item: &Item, bytes: u64) -> Result<Vec<u8>> {
        if bytes > item.bytes {
            return Err(broken(&self.path, "an item is shorter than its shape"));
        }
        let mut file = self.file.borrow_mut();
        let fail = |e| Error::io(&self.path, e);
        file.seek(SeekFrom::Start(item.start)).map_err(fail)?;
        let mut data = vec![0u8; bytes as usize];
        file.read_exact(&mut data).map_err(fail)?;
        Ok(data)
    }
}

impl std::fmt::Display for Kind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Bytes => f.write_str("int8"),
            Self::Float => f.write_str("float32"),
            Self::Intgemm8 => f.write_str("intgemm8"),
            Self::Other(number) => write!(f, "{number:#x} of Marian"),
        }
    }
}

/// Marian's `Type`: the class in the upper bytes, the size of a number in the lowest.
fn kind(number: u64) -> Kind {
    match number {
        0x101 => Kind::Bytes,
        0x404 => Kind::Float,
        0x4101 => Kind::Intgemm8,
        other => Kind::Other(other),
    }
}

/// The part before the data, read in order. `left`: how many bytes the file still has.
struct Head<'a> {
    path: &'a Path,
    file: BufReader<File>,
    left: u64,
}

impl Head<'_> {
    fn items(&mut self, size: u64) -> Result<HashMap<String, Item>> {
        if self.left < 16 {
            return Err(broken(self.path, "this is not a Marian model"));
        }
        let (version, count) = (self.number()?, self.number()?);
        if version != VERSION {
            return Err(broken(self.path, "this is not a Marian model of version 1"));
        }
        if count > MOST_ITEMS || count.saturating_mul(32) > self.left {
            return Err(broken(self.path, "it ends before its list of items"));
        }
        let mut heads = Vec::with_capacity(count as usize);
        for _ in 0..count {
            heads.push([self.number()?, self.number()?, self.number()?, self.number()?]);
        }
        let names = heads
            .iter()
            .map(|h| self.name(h[0]))
            .collect::<Result<Vec<_>>>()?;
        let shapes = heads
            .iter()
            .map(|h| self.shape(h[2]))
            .collect::<Result<Vec<_>>>()?;
        let gap = self.number()?;
        self.take(gap)?;
        let mut start = size - self.left;
        let mut items = HashMap::new();
        for ((head, name), shape) in heads.iter().zip(names).zip(shapes) {
            let item = Item {
                kind: kind(head[1]),
                shape,
                start,
                bytes: head[3],
            };
            start += self.take(head[3])?;
            if items.insert(name.clone(), item).is_some() {
                return Err(broken(self.path, &format!("it holds `{name}` twice")));
            }
        }
        Ok(items)
    }

    /// Counts bytes as read, if the file has them.
    fn take(&mut self, bytes: u64) -> Result<u64> {
        self.left = self
            .left
            .checked_sub(bytes)
            .ok_or_else(|| broken(self.path, "it ends too soon"))?;
        Ok(bytes)
    }

    fn bytes<const N: usize>(&mut self) -> Result<[u8; N]> {
        self.take(N as u64)?;
        let mut bytes = [0u8; N];
        self.file
            .read_exact(&mut bytes)
            .map_err(|e| Error::io(self.path, e))?;
        Ok(bytes)
    }

    fn number(&mut self) -> Result<u64> {
        Ok(u64::from_le_bytes(self.bytes()?))
    }

    fn name(&mut self, length: u64) -> Result<String> {
        if length > LONGEST_NAME {
            return Err(broken(self.path, "the name of an item is too long"));
        }
        self.take(length)?;
        let mut name = vec![0u8; length as usize];
        self.file
            .read_exact(&mut name)
            .map_err(|e| Error::io(self.path, e))?;
        let end = name.iter().position(|b| *b == 0).unwrap_or(name.len());
        name.truncate(end);
        String::from_utf8(name).map_err(|_| broken(self.path, "the name of an item is not text"))
    }

    /// Dimensions whose product is a number of things that a file can hold.
    fn shape(&mut self, dimensions: u64) -> Result<Vec<usize>> {
        if dimensions > MOST_DIMENSIONS {
            return Err(broken(self.path, "an item has too many dimensions"));
        }
        let mut shape = Vec::new();
        for _ in 0..dimensions {
            let dimension = i32::from_le_bytes(self.bytes()?);
            shape.push(usize::try_from(dimension).map_err(|_| broken(self.path, "a shape is negative"))?);
        }
        let product = shape.iter().try_fold(1usize, |n, d| n.checked_mul(*d));
        match product {
            Some(product) if product < 1 << 40 => Ok(shape),
            _ => Err(broken(self.path, "the shape of an item cannot be")),
        }
    }
}
