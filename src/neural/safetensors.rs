//! Reads safetensors files, one or several shards: a JSON header with the place of each tensor, then the tensors.
//! PyTorch's own files (`.bin`, see [`super::pickle`]) have places as well, and are read alike from there on.
//!
//! The format: <https://huggingface.co/docs/safetensors>. Tensors are read one at a time, so that a model never
//! lies twice in memory.

use std::cell::RefCell;
use std::collections::{BTreeMap, HashMap};
use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::ops::Range;
use std::path::{Path, PathBuf};

use candle_core::{DType, Device, Tensor};
use serde::Deserialize;

use super::gguf::{broken, unsupported};
use super::pickle;
use crate::error::{Error, Result};

/// Headers are some kilobytes; the format's own limit.
const MAX_HEADER: u64 = 100_000_000;

#[derive(Deserialize)]
struct Entry {
    dtype: String,
    shape: Vec<usize>,
    data_offsets: (u64, u64),
}

/// Where a tensor lies and what it is.
pub(super) struct Place {
    pub(super) shard: usize,
    pub(super) dtype: DType,
    pub(super) shape: Vec<usize>,
    /// From the start of the file.
    pub(super) start: u64,
    pub(super) bytes: usize,
}

/// The tensors of a model, over all of its shards.
pub(crate) struct Safetensors {
    shards: Vec<(PathBuf, RefCell<File>)>,
    places: HashMap<String, Place>,
}

impl Safetensors {
    /// Opens the shards and reads their headers. An index file (`*.index.json`) among the shards is used to
    /// tell whether all shards are there.
    pub(crate) fn open(paths: &[PathBuf]) -> Result<Self> {
        let mut this = Self {
            shards: Vec::new(),
            places: HashMap::new(),
        };
        let (indices, shards): (Vec<&PathBuf>, Vec<&PathBuf>) = paths
            .iter()
            .partition(|p| p.extension().is_some_and(|e| e == "json"));
        for path in shards {
            this.open_shard(path)?;
        }
        for index in indices {
            this.check_index(index)?;
        }
        Ok(this)
    }

    fn open_shard(&mut self, path: &Path) -> Result<()> {
        let mut file = File::open(path).map_err(|e| Error::io(path, e))?;
        let size = file.metadata().map_err(|e| Error::io(path, e))?.len();
        if path.extension().is_some_and(|e| e == "bin") {
            self.places
                .extend(pickle::places(path, &file, self.shards.len())?);
            self.shards.push((path.to_owned(), RefCell::new(file)));
            return Ok(());
        }
        let mut length = [0u8; 8];
        file.read_exact(&mut length)
            .map_err(|_| broken(path, "this is not a safetensors file"))?;
        let length = u64::from_le_bytes(length);
        if length > MAX_HEADER || length > size.saturating_sub(8) {
            return Err(broken(path, "this is not a safetensors file, or it was cut off"));
        }
        let mut header = vec![0u8; length as usize];
        file.read_exact(&mut header).map_err(|e| Error::io(path, e))?;
        let entries: BTreeMap<String, serde_json::Value> =
            serde_json::from_slice(&header).map_err(|_| broken(path, "its header cannot be read"))?;
        let shard = self.shards.len();
        for (name, entry) in entries {
            if name == "__metadata__" {
                continue;
            }
            let place = place(path, &name, entry, shard, 8 + length, size)?;
            self.places.insert(name, place);
        }
        self.shards.push((path.to_owned(), RefCell::new(file)));
        Ok(())
    }

    fn check_index(&self, path: &Path) -> Result<()> {
        #[derive(Deserialize)]
        struct Index {
            weight_map: BTreeMap<String, String>,
        }
        let bytes = std::fs::read(path).map_err(|e| Error::io(path, e))?;
        let index: Index =
            serde_json::from_slice(&bytes).map_err(|_| broken(path, "this index cannot be read"))?;
        match index
            .weight_map
            .iter()
            .find(|(name, _)| !self.places.contains_key(*name))
        {
            Some((name, shard)) => Err(broken(path, &format!("`{name}` is missing: is {shard} here?"))),
            None => Ok(()),
        }
    }

    /// The first shard, to name the model in messages.
    pub(crate) fn path(&self) -> &Path {
        self.shards
            .first()
            .map_or(Path::new("the model"), |(path, _)| path)
    }

    /// Whether there is a tensor of this name.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.places.contains_key(name)
    }

    /// The names of all tensors.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.places.keys().map(String::as_str)
    }

    /// All tensors with their shapes, in the order in which they lie in the files.
    pub(crate) fn tensors(&self) -> Vec<(String, Vec<usize>)> {
        let mut all: Vec<_> = self.places.iter().collect();
        all.sort_by_key(|(name, place)| (place.shard, place.start, *name));
        all.into_iter()
            .map(|(name, place)| (name.clone(), place.shape.clone()))
            .collect()
    }

    /// The type of a tensor as stored.
    pub(crate) fn dtype(&self, name: &str) -> Option<DType> {
        self.places.get(name).map(|p| p.dtype)
    }

    /// The number type that takes the most memory among the matrices.
    pub(crate) fn widest(&self) -> Option<DType> {
        let matrices = self.places.values().filter(|p| p.shape.len() == 2);
        matrices.map(|p| p.dtype).max_by_key(|d| d.size_in_bytes())
    }

    /// Reads a tensor of whatever shape it has, as `dtype`.
    pub(crate) fn stored(&self, name: &str, dtype: DType, device: &Device) -> Result<Tensor> {
        let shape = self.places.get(name).map(|p| p.shape.clone()).unwrap_or_default();
        self.tensor(name, &shape, dtype, device)
    }

    /// Reads a tensor that must have `shape`, as `dtype`.
    pub(crate) fn tensor(
        &self,
        name: &str,
        shape: &[usize],
        dtype: DType,
        device: &Device,
    ) -> Result<Tensor> {
        let place = self.place(name, shape)?;
        self.read(place, 0, place.bytes, shape, device)
            .and_then(|t| Ok(t.to_dtype(dtype)?))
    }

    /// Reads `rows` of a matrix of `(outputs, inputs)`, as `dtype`.
    pub(crate) fn rows(
        &self,
        name: &str,
        (outputs, inputs): (usize, usize),
        rows: Range<usize>,
        dtype: DType,
        device: &Device,
    ) -> Result<Tensor> {
        let place = self.place(name, &[outputs, inputs])?;
        let row = inputs * place.dtype.size_in_bytes();
        let (skip, count) = (row * rows.start, rows.len());
        self.read(place, skip, row * count, &[count, inputs], device)
            .and_then(|t| Ok(t.to_dtype(dtype)?))
    }

    /// Whether two names stand for the same stretch of the same file.
    pub(crate) fn share(&self, one: &str, other: &str) -> bool {
        let at = |name| self.places.get(name).map(|p| (p.shard, p.start, &p.shape));
        at(one).is_some() && at(one) == at(other)
    }

    fn place(&self, name: &str, shape: &[usize]) -> Result<&Place> {
        let place = self
            .places
            .get(name)
            .ok_or_else(|| broken(self.path(), &format!("the tensor `{name}` is missing")))?;
        if place.shape != shape {
            let found = &place.shape;
            return Err(broken(
                &self.shards[place.shard].0,
                &format!("the tensor `{name}` has the shape {found:?}, not {shape:?}"),
            ));
        }
        Ok(place)
    }

    fn read(
        &self,
        place: &Place,
        skip: usize,
        bytes: usize,
        shape: &[usize],
        device: &Device,
    ) -> Result<Tensor> {
        let (path, file) = &self.shards[place.shard];
        let mut file = file.borrow_mut();
        file.seek(SeekFrom::Start(place.start + skip as u64))
            .map_err(|e| Error::io(path, e))?;
        if place.dtype == DType::F32 {
            let values = numbers(&mut file, bytes).map_err(|e| Error::io(path, e))?;
            return Ok(Tensor::from_vec(values, shape, device)?);
        }
        let mut data = vec![0u8; bytes];
        file.read_exact(&mut data).map_err(|e| Error::io(path, e))?;
        Ok(Tensor::from_raw_buffer(&data, place.dtype, shape, device)?)
    }
}

/// Numbers of 32 bits, a stretch at a time: large word vectors never lie in memory twice.
fn numbers(file: &mut File, bytes: usize) -> std::io::Result<Vec<f32>> {
    let mut values = Vec::with_capacity(bytes / 4);
    let mut buffer = vec![0u8; bytes.min(1 << 18)];
    let mut left = bytes;
    while left > 0 {
        let length = left.min(buffer.len());
        let stretch = &mut buffer[..length];
        file.read_exact(stretch)?;
        values.extend(stretch.as_chunks::<4>().0.iter().map(|n| f32::from_le_bytes(*n)));
        left -= length;
    }
    Ok(values)
}

fn place(
    path: &Path,
    name: &str,
    entry: serde_json::Value,
    shard: usize,
    data: u64,
    size: u64,
) -> Result<Place> {
    let entry: Entry = serde_json::from_value(entry)
        .map_err(|_| broken(path, &format!("the entry of `{name}` cannot be read")))?;
    let dtype = match entry.dtype.as_str() {
        "F32" => DType::F32,
        "F16" => DType::F16,
        "BF16" => DType::BF16,
        "I64" => DType::I64,
        other => return Err(unsupported(path, name, &format!("the number type {other}"))),
    };
    let (start, end) = entry.data_offsets;
    let bytes = entry
        .shape
        .iter()
        .try_fold(dtype.size_in_bytes(), |n, d| n.checked_mul(*d));
    let held = data.checked_add(end).is_some_and(|end| end <= size);
    match bytes {
        Some(bytes) if held && end.checked_sub(start) == Some(bytes as u64) => Ok(Place {
            shard,
            dtype,
            shape: entry.shape,
            start: data + start,
            bytes,
        }),
        _ => Err(broken(path, &format!("the file ends before the tensor `{name}`"))),
    }
}
